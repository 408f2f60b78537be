//! Android's libraries, as names alone: linking finds what the phone's library may call, and nothing else.
//!
//! The real ones come with Google's NDK, which a build here can't count on. What is linked with these is not shippable, but a call that
//! is not on the list ends the build: look up since which version Android has it, before it goes on the list. An app runs on
//! Android 9 (API 28) and later.

use super::tools;
use crate::error::{Error, Result};
use crate::home::run;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// What C asks of the system, also on Rust's behalf.
const LIBC: &str = "
    __errno __system_property_get abort calloc clock_gettime clock_nanosleep close closedir connect dirfd fcntl fdatasync
    fdopendir flock free freeaddrinfo fstat fsync ftruncate64 gai_strerror getaddrinfo getauxval getcwd getenv getpeername
    getpid getrandom getsockopt gettid ioctl lseek64 lstat malloc memcmp memcpy memmove memset mkdir mmap munmap open openat
    opendir poll posix_memalign prctl pread64 pthread_attr_destroy pthread_attr_init pthread_attr_setstacksize
    pthread_create pthread_detach pthread_getspecific pthread_key_create pthread_key_delete pthread_mutex_lock
    pthread_mutex_unlock pthread_setspecific pwrite64 read readdir readlink realpath recv rename sched_yield send
    setsockopt shutdown socket stat strerror_r strlen syscall sysconf unlink unlinkat write writev";

/// What unwinds a panic. An NDK links it in; here it is left out, with its 25 KB.
const LIBUNWIND: &str = "
    _Unwind_Backtrace _Unwind_DeleteException _Unwind_FindEnclosingFunction _Unwind_GetCFA _Unwind_GetDataRelBase
    _Unwind_GetIP _Unwind_GetIPInfo _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase
    _Unwind_RaiseException _Unwind_Resume _Unwind_SetGR _Unwind_SetIP";

const LIBRARIES: [(&str, &str); 5] = [
    ("libc.so", LIBC),
    ("libdl.so", "dl_iterate_phdr"),
    ("liblog.so", ""),
    ("libm.so", ""),
    ("libunwind.so", LIBUNWIND),
];

/// Whether Android has a library of this name.
pub(super) fn has(name: &str) -> bool {
    LIBRARIES.iter().any(|(library, _)| *library == name)
}

/// Makes them in a folder, for a system as clang names it.
pub(super) fn make(folder: &Path, system: &str, linker: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| Error::File {
        path: folder.to_owned(),
        source,
    })?;
    for (library, names) in LIBRARIES {
        let source = folder.join(library).with_extension("s");
        tools::write(&source, &assembly(names))?;
        let object = source.with_extension("o");
        let mut compile = Command::new(tools::CLANG);
        compile.arg(format!("--target={system}")).arg("-c");
        run(compile.arg(&source).arg("-o").arg(&object))?;
        let mut link = Command::new(linker);
        link.args(["-flavor", "gnu", "-shared", "-soname", library, "-o"]);
        run(link.arg(folder.join(library)).arg(&object))?;
    }
    Ok(())
}

/// Functions of these names that do nothing.
fn assembly(names: &str) -> String {
    let mut text = ".text\n".to_owned();
    for name in names.split_whitespace() {
        // Writing to a string does not fail.
        let _ = writeln!(text, ".globl {name}\n.type {name}, %function\n{name}:");
    }
    text
}
