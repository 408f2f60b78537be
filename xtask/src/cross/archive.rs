//! A static library for iOS (an archive of Mach-O objects): what is asked of it. How large it makes an app is only known to a linker.

use super::fault::Fault;
use super::wanted;
use goblin::archive::Archive;
use goblin::mach::MachO;
use goblin::mach::cputype::CPU_TYPE_ARM64;
use goblin::mach::load_command::CommandVariant;
use std::collections::BTreeSet;

/// As a build says which of Apple's systems it is for.
const IOS: u32 = 2;

/// What is wrong with these bytes.
pub(super) fn faults(bytes: &[u8], wanted: &BTreeSet<String>) -> Vec<Fault> {
    let read = || -> Result<Vec<Object>, goblin::error::Error> {
        let archive = Archive::parse(bytes)?;
        let members = (0..archive.len()).filter_map(|n| archive.get_at(n));
        members
            .map(|member| {
                let begin = usize::try_from(member.offset).unwrap_or(usize::MAX);
                let object = bytes
                    .get(begin..)
                    .and_then(|rest| rest.get(..member.size()));
                Object::read(object.unwrap_or_default())
            })
            .collect()
    };
    match read() {
        Ok(objects) => judge(&objects, wanted),
        Err(fault) => vec![Fault::Unreadable(fault.to_string())],
    }
}

/// What is looked at in each object.
struct Object {
    processor: u32,
    /// Where it says one.
    platform: Option<u32>,
    /// What others can call, as C names it.
    defines: Vec<String>,
}

impl Object {
    fn read(bytes: &[u8]) -> Result<Self, goblin::error::Error> {
        let object = MachO::parse(bytes, 0)?;
        let platform = object.load_commands.iter();
        let mut platform = platform.filter_map(|load| match &load.command {
            CommandVariant::BuildVersion(version) => Some(version.platform),
            _ => None,
        });
        let mut defines = Vec::new();
        for symbol in object.symbols() {
            let (name, list) = symbol?;
            if list.is_global() && !list.is_undefined() && !list.is_stab() {
                defines.extend(name.strip_prefix('_').map(str::to_owned));
            }
        }
        Ok(Self {
            processor: object.header.cputype(),
            platform: platform.next_back(),
            defines,
        })
    }
}

fn judge(objects: &[Object], wanted: &BTreeSet<String>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let other = objects.iter().find_map(|object| match object.platform {
        _ if object.processor != CPU_TYPE_ARM64 => Some(format!("processor {}", object.processor)),
        Some(platform) if platform != IOS => Some(format!("platform {platform}")),
        _ => None,
    });
    faults.extend(other.map(Fault::OtherMachine));
    let defined = objects.iter().flat_map(|object| object.defines.clone());
    // What else its objects call among themselves is nobody's business: a linker leaves it out.
    faults.extend(wanted::missing(&defined.collect(), wanted));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> BTreeSet<String> {
        ["ffi_countersign_bindings_rustbuffer_free".to_owned()].into()
    }

    fn object(processor: u32, platform: Option<u32>, defines: &[&str]) -> Object {
        Object {
            processor,
            platform,
            defines: defines.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn objects_of_ios_that_define_what_is_called_are_good_others_not() {
        let name = "ffi_countersign_bindings_rustbuffer_free";
        let good = object(CPU_TYPE_ARM64, Some(IOS), &[name]);
        let assembly = object(CPU_TYPE_ARM64, None, &["other"]);
        assert_eq!(judge(&[good, assembly], &wanted()), []);

        let missing = Fault::Missing(vec![name.to_owned()]);
        let empty = object(CPU_TYPE_ARM64, Some(IOS), &[]);
        assert_eq!(judge(&[empty], &wanted()), [missing]);
        for (processor, platform) in [(7, None), (CPU_TYPE_ARM64, Some(1))] {
            let other = object(processor, platform, &[name]);
            let faults = judge(&[other], &wanted());
            assert!(matches!(faults[..], [Fault::OtherMachine(_)]), "{faults:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_archive_of_objects_are_refused() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for bytes in [&b""[..], b"!<arch>", &program] {
            let faults = faults(bytes, &wanted());
            assert!(matches!(faults[..], [Fault::Unreadable(_)]), "{faults:?}");
        }
        let header = format!(
            "!<arch>\n{:16}{:12}{:6}{:6}{:8}{:10}`\nnotmacho",
            "a.o/", 0, 0, 0, 644, 8
        );
        let faults = faults(header.as_bytes(), &wanted());
        assert!(matches!(faults[..], [Fault::Unreadable(_)]), "{faults:?}");
    }
}
