//! A shared library for Android or Linux (ELF): what is asked of it.

use super::fault::Fault;
use super::size::Size;
use super::target::{System, Target};
use super::{stubs, wanted};
use goblin::elf::program_header::{PF_W, PF_X, PT_GNU_STACK, PT_LOAD};
use goblin::elf::{Elf, section_header::SHT_SYMTAB};
use std::collections::BTreeSet;

/// The largest pages of phones: Android asks for it since 15.
const PAGE: u64 = 16 * 1024;

/// What is wrong with these bytes.
pub(super) fn faults(bytes: &[u8], target: &Target, wanted: &BTreeSet<String>) -> Vec<Fault> {
    match Library::read(bytes) {
        Ok(library) => library.faults(target, wanted),
        Err(fault) => vec![fault],
    }
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Library {
    size: Size,
    machine: u16,
    /// The alignment of each part that is loaded.
    aligned: Vec<u64>,
    writable_code: bool,
    symbols: bool,
    exports: BTreeSet<String>,
    needs: Vec<String>,
}

impl Library {
    fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let unreadable = |fault: goblin::error::Error| Fault::Unreadable(fault.to_string());
        let elf = Elf::parse(bytes).map_err(unreadable)?;
        let loaded = elf.program_headers.iter();
        let loaded = loaded.filter(|part| part.p_type == PT_LOAD);
        let both = PF_W | PF_X;
        let exported = elf.dynsyms.iter();
        let exported = exported.filter(|symbol| !symbol.is_import() && symbol.st_shndx != 0);
        let names = exported.filter_map(|symbol| elf.dynstrtab.get_at(symbol.st_name));
        Ok(Self {
            size: Size(bytes.len()),
            machine: elf.header.e_machine,
            aligned: loaded.map(|part| part.p_align).collect(),
            writable_code: elf.program_headers.iter().any(|part| {
                matches!(part.p_type, PT_LOAD | PT_GNU_STACK) && part.p_flags & both == both
            }),
            symbols: elf
                .section_headers
                .iter()
                .any(|section| section.sh_type == SHT_SYMTAB),
            exports: names.map(str::to_owned).collect(),
            needs: elf.libraries.iter().map(|&name| name.to_owned()).collect(),
        })
    }

    fn faults(&self, target: &Target, wanted: &BTreeSet<String>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.machine != target.machine {
            faults.push(Fault::OtherMachine(self.machine.to_string()));
        }
        let wide = |align: u64| align != 0 && align.is_multiple_of(PAGE);
        let narrow = self.aligned.iter().copied().find(|&align| !wide(align));
        // One that has no part to load is none.
        match narrow.or(self.aligned.is_empty().then_some(0)) {
            Some(align) if target.system == System::Android => faults.push(Fault::Pages(align)),
            _ => {}
        }
        if self.writable_code {
            faults.push(Fault::WritableCode);
        }
        if self.symbols {
            faults.push(Fault::Symbols);
        }
        faults.extend(wanted::missing(&self.exports, wanted));
        faults.extend(wanted::strange(&self.exports, wanted));
        if target.system == System::Android {
            let foreign = self.needs.iter().find(|name| !stubs::has(name));
            faults.extend(foreign.map(|name| Fault::Needs(name.clone())));
        }
        if let Some(limit) = target.limit().filter(|&limit| self.size > limit) {
            faults.push(Fault::Large(self.size, limit));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::{TARGETS, YARDSTICK};
    use super::*;

    fn wanted() -> BTreeSet<String> {
        ["uniffi_countersign_bindings_fn_func_text".to_owned()].into()
    }

    /// One for Android that nothing is wrong with, and what `change` makes of it.
    fn changed(change: impl FnOnce(&mut Library)) -> Vec<Fault> {
        let meta = "UNIFFI_META_COUNTERSIGN_BINDINGS_FUNC_TEXT".to_owned();
        let mut library = Library {
            size: TARGETS[0].limit().unwrap(),
            machine: TARGETS[0].machine,
            aligned: vec![PAGE, PAGE, 4 * PAGE],
            writable_code: false,
            symbols: false,
            exports: wanted().into_iter().chain([meta]).collect(),
            needs: vec!["libc.so".into(), "libdl.so".into()],
        };
        change(&mut library);
        library.faults(&TARGETS[0], &wanted())
    }

    #[test]
    fn a_good_library_has_no_fault() {
        assert_eq!(changed(|_| {}), []);
    }

    #[test]
    fn one_part_on_narrow_pages_is_enough_to_be_refused() {
        for narrow in [0, 0x1000, 0x2000, PAGE + 0x1000] {
            assert_eq!(
                changed(|library| library.aligned[1] = narrow),
                [Fault::Pages(narrow)]
            );
        }
        assert_eq!(
            changed(|library| library.aligned.clear()),
            [Fault::Pages(0)]
        );
    }

    #[test]
    fn a_call_without_its_symbol_is_missing_and_a_symbol_without_its_call_is_strange() {
        let name = wanted().into_iter().next().unwrap();
        let missing = changed(|library| {
            library.exports.remove(&name);
        });
        assert_eq!(missing, [Fault::Missing(vec![name])]);
        let strange = changed(|library| {
            library.exports.insert("JNI_OnLoad".into());
        });
        assert_eq!(strange, [Fault::Strange(vec!["JNI_OnLoad".into()])]);
    }

    #[test]
    fn where_nothing_is_called_nothing_is_good() {
        let nothing = BTreeSet::new();
        assert_eq!(
            wanted::missing(&wanted(), &nothing),
            Some(Fault::NothingWanted)
        );
        assert_eq!(wanted::missing(&wanted(), &wanted()), None);
    }

    #[test]
    fn a_byte_above_the_limit_is_too_much() {
        let limit = TARGETS[0].limit().unwrap();
        let above = Size(limit.0 + 1);
        assert_eq!(
            changed(|library| library.size = above),
            [Fault::Large(above, limit)]
        );
    }

    #[test]
    fn what_another_system_would_load_is_refused() {
        let other = TARGETS[1].machine;
        assert_eq!(
            changed(|library| library.machine = other),
            [Fault::OtherMachine(other.to_string())]
        );
        assert_eq!(
            changed(|library| library.needs.push("libstdc++.so.6".into())),
            [Fault::Needs("libstdc++.so.6".into())]
        );
        assert_eq!(
            changed(|library| library.writable_code = true),
            [Fault::WritableCode]
        );
        assert_eq!(changed(|library| library.symbols = true), [Fault::Symbols]);
    }

    #[test]
    fn bytes_that_are_no_library_are_refused_whole_or_cut() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for bytes in [&b""[..], b"\x7fELF", b"!<arch>\n", &program[..100]] {
            let faults = faults(bytes, &YARDSTICK, &wanted());
            assert!(matches!(faults[..], [Fault::Unreadable(_)]), "{faults:?}");
        }
    }

    /// This program is one for the machine that it runs on, on pages of 4 KiB, with all its symbols.
    #[test]
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    fn a_real_file_for_this_machine_is_none_for_a_phone() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let faults = faults(&program, &TARGETS[0], &wanted());
        for fault in [
            Fault::OtherMachine(YARDSTICK.machine.to_string()),
            Fault::Pages(0x1000),
            Fault::Symbols,
            Fault::Missing(wanted().into_iter().collect()),
        ] {
            assert!(faults.contains(&fault), "{fault} {faults:?}");
        }
        let needs = |fault: &Fault| matches!(fault, Fault::Needs(_));
        assert!(faults.iter().any(needs), "{faults:?}");
    }
}
