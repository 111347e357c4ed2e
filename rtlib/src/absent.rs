//! What stands in for the runtime where there is none. `cargo gobuild` links the runtime into programs; build scripts and procedural macros are linked by plain cargo, and may use crates
//! that use this one.
//!
//! - Every function of the runtime has a weak definition here that says so and ends the process; the runtime's own wins where it is linked. They are assembly, because stable Rust has no
//!   weak definitions. What starts a goroutine panics before it comes to that (`sys::newproc`), and so do variables that nobody has initialised.
//! - Init functions do not run there. In a program that would be a silent loss, so a constructor ends a program that has no runtime before `main`. It lets build scripts go on, and the unit
//!   tests of procedural macros, which cannot be static; it does nothing in a shared library, which is what a procedural macro is.
//!
//! Not in unit tests, which bring a runtime of their own (`fake_runtime`).

/// Calls a macro with the name of every function of the runtime.
#[cfg(not(any(loom, miri)))]
macro_rules! functions {
    ($then:ident) => {
        $then! {
            "runtime.newproc1"
            "runtime.Gosched"
            "runtime.park"
            "runtime.unpark"
            "runtime.getgref"
            "runtime.setname"
            "runtime.calltlsdtors"
            "runtime.GOMAXPROCS"
            "runtime.NumCPU"
            "runtime.NumGoroutine"
            "runtime.LockOSThread"
            "runtime.UnlockOSThread"
            "runtime.fatalpanic"
            "runtime.panichook"
            "runtime.initpanic"
            "runtime.throw"
            "runtime.currentinit"
            "runtime.makechan"
            "runtime.chansend1"
            "runtime.selectnbsend"
            "runtime.chansenduntil"
            "runtime.chanrecv1"
            "runtime.selectnbrecv"
            "runtime.chanrecvuntil"
            "runtime.closechan"
            "runtime.chanclosed"
            "runtime.chanlen"
            "runtime.chanaddblock"
            "runtime.chantakedead"
            "runtime.chantakeblocks"
            "runtime.selectgo"
            "runtime.selectsend"
            "runtime.selectabandon"
            "runtime.maingoexit"
            "runtime.findleaks"
            "sync.runtime_Semacquire"
            "sync.runtime_Semrelease"
            "sync.runtime_notifyListWait"
            "sync.runtime_notifyListNotifyOne"
            "sync.runtime_notifyListNotifyAll"
            "sync.runtime_eventWait"
            "sync.runtime_eventSet"
            "sync.runtime_canSpin"
            "runtime.nanotime"
            "runtime.timeSleepUntil"
            "runtime.parkUntil"
            "runtime.newTimer"
            "runtime.stopTimer"
            "runtime.callers"
            "runtime.goroutines"
            "runtime.thisgoroutine"
            "runtime.writerecord"
            "runtime.writetrace"
            "runtime.funcentry"
            "runtime.entersyscall"
            "runtime.exitsyscall"
            "runtime.schedstats"
            "runtime/debug.freeOSMemory"
            "runtime/debug.setMaxThreads"
        }
    };
}

/// Why a goroutine cannot start, or a variable has no value, in a process without the runtime.
pub(crate) const REASON: &str = "the runtime is not in this process: it is a build script or a procedural macro, in which neither goroutines nor init functions run";

/// Whether the runtime is linked.
#[inline(always)]
pub(crate) fn runtime_is_here() -> bool {
    #[cfg(any(test, loom, miri))]
    return true;
    // SAFETY: the runtime's, or the word below; nobody writes to either.
    #[cfg(not(any(test, loom, miri)))]
    return unsafe { rtlib_abi::api::ABI_V1 } != 0;
}

#[cfg(not(any(test, loom, miri)))]
mod stand_ins {
    /// A macro, since the assembler wants a literal.
    macro_rules! message {
        () => {
            "rtlib: the runtime is not in this process: it is a build script or a procedural macro, or was built by cargo instead of cargo gobuild"
        };
    }

    macro_rules! define {
        ($($name:literal)*) => {
            core::arch::global_asm!(
                ".pushsection .text.rtlib_absent,\"ax\",@progbits",
                $(
                    concat!(".weak \"", $name, "\""),
                    concat!(".type \"", $name, "\",@function"),
                    concat!("\"", $name, "\":"),
                )*
                "mov eax, 1", // write
                "mov edi, 2",
                "lea rsi, [rip + 3f]",
                "mov edx, {length}",
                "syscall",
                "mov eax, 231", // exit_group
                "mov edi, 2",
                "syscall",
                "ud2",
                concat!("3: .ascii \"", message!(), "\\n\""),
                ".popsection",
                ".pushsection .rodata.rtlib_absent,\"a\",@progbits",
                ".weak gobuild_abi_v1",
                ".type gobuild_abi_v1,@object",
                ".size gobuild_abi_v1, 4",
                ".balign 4",
                "gobuild_abi_v1:",
                ".long 0",
                ".weak \"runtime.modinfo\"",
                ".type \"runtime.modinfo\",@object",
                ".size \"runtime.modinfo\", {modinfo}",
                ".balign 8",
                "\"runtime.modinfo\":",
                ".zero {modinfo}",
                ".popsection",
                length = const message!().len() + 1,
                modinfo = const size_of::<rtlib_abi::layout::ModInfo>(),
            );
        };
    }
    functions!(define);
}

#[cfg(not(any(test, loom, miri)))]
mod check {
    use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};
    use core::ptr;

    const MESSAGE: &str = "this program uses rtlib and was not built by cargo gobuild, so its scheduler and its init functions are missing: use `cargo gobuild`, `cargo gobuild run` or \
                           `cargo gobuild test`; or call `cargo gobuild setup` once, and go on with plain cargo\n";
    /// As of a fatal error of the runtime.
    const STATUS: c_int = 2;
    const AT_PHDR: c_ulong = 3;
    /// The program headers are on the first page.
    const PAGE: usize = 4096;

    unsafe extern "C" {
        fn getauxval(kind: c_ulong) -> c_ulong;
        fn dl_iterate_phdr(
            callback: unsafe extern "C" fn(*const ObjectInfo, usize, *mut c_void) -> c_int,
            data: *mut c_void,
        ) -> c_int;
        fn write(fd: c_int, bytes: *const c_void, len: usize) -> isize;
        fn _exit(status: c_int) -> !;
        /// The linker's: where this object, program or shared library, begins.
        static __ehdr_start: u8;
    }

    /// The first fields of dl_iterate_phdr(3)'s `struct dl_phdr_info`.
    #[repr(C)]
    struct ObjectInfo {
        address: usize,
        name: *const c_char,
    }

    type Strings = *const *const c_char;

    /// glibc calls constructors with the arguments of `main`.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static CONSTRUCTOR: unsafe extern "C" fn(c_int, Strings, Strings) = check;

    unsafe extern "C" fn check(_count: c_int, args: Strings, env: Strings) {
        if super::runtime_is_here() || !is_program() {
            return;
        }
        // SAFETY: glibc's arguments: arrays of strings with a null pointer at their ends.
        if unsafe { may_do_without(args, env) } {
            return;
        }
        // SAFETY: the message's bytes. Nothing else of this program has run yet.
        unsafe {
            write(2, MESSAGE.as_ptr().cast(), MESSAGE.len());
            _exit(STATUS)
        }
    }

    /// Whether this code is in the program, and not in a shared library.
    fn is_program() -> bool {
        // SAFETY: only reads the auxiliary vector.
        let headers = unsafe { getauxval(AT_PHDR) } as usize;
        let start = (&raw const __ehdr_start).addr();
        headers.wrapping_sub(start) < PAGE
    }

    /// Whether cargo runs this as a build script or as the unit tests of a procedural macro.
    ///
    /// # Safety
    /// Two arrays of strings, each with a null pointer at its end.
    unsafe fn may_do_without(args: Strings, env: Strings) -> bool {
        // SAFETY: the caller's array has one entry at least, if only the null pointer.
        let program = unsafe { string(*args) }.unwrap_or_default();
        // SAFETY: the caller's array.
        let is_set = |variable: &[u8]| unsafe { strings(env) }.any(|one| one.starts_with(variable));
        let name = last_part(program);
        let is_script = name.starts_with(b"build-script-") || name.starts_with(b"build_script_");
        if is_script && is_set(b"OUT_DIR=") {
            return true;
        }
        // Of all tests only these are linked with std's shared library. With `cargo gobuild test` its own variable is there.
        let is_test = program.windows(6).any(|part| part == b"/deps/")
            && (is_set(b"CARGO_MANIFEST_DIR=") || is_set(b"GOBUILD_PLAN="));
        is_test && has_shared_std()
    }

    fn has_shared_std() -> bool {
        unsafe extern "C" fn is_std(object: *const ObjectInfo, _: usize, _: *mut c_void) -> c_int {
            // SAFETY: libc's, valid during the call.
            let name = unsafe { string((*object).name) }.unwrap_or_default();
            last_part(name).starts_with(b"libstd-").into()
        }
        // SAFETY: the callback is one, and needs no data.
        unsafe { dl_iterate_phdr(is_std, ptr::null_mut()) != 0 }
    }

    fn last_part(path: &[u8]) -> &[u8] {
        path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
    }

    /// # Safety
    /// An array of strings that live for ever, with a null pointer at its end.
    unsafe fn strings(array: Strings) -> impl Iterator<Item = &'static [u8]> {
        // SAFETY: every entry up to the null pointer is a string.
        (0..).map_while(move |index| unsafe { string(*array.add(index)) })
    }

    /// # Safety
    /// Null, or a string that lives as long as the caller says.
    unsafe fn string<'a>(at: *const c_char) -> Option<&'a [u8]> {
        // SAFETY: the caller's string.
        (!at.is_null()).then(|| unsafe { CStr::from_ptr(at) }.to_bytes())
    }
}

#[cfg(all(test, not(any(loom, miri))))]
mod tests {
    use std::borrow::ToOwned;
    use std::collections::BTreeSet;
    use std::vec::Vec;
    use std::{format, fs};

    macro_rules! list {
        ($($name:literal)*) => { [$($name),*] };
    }

    #[test]
    fn every_function_of_the_interface_has_a_stand_in() {
        let here: BTreeSet<&str> = functions!(list).into();
        let mut declared = Vec::new();
        let sources = format!("{}/abi/src", env!("CARGO_MANIFEST_DIR"));
        for file in fs::read_dir(sources).expect("the interface") {
            let text = fs::read_to_string(file.expect("a file").path()).expect("text");
            let names = text.split("link_name = \"").skip(1);
            declared.extend(names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
        let declared: BTreeSet<&str> = declared.iter().map(|name| &**name).collect();
        let without: Vec<_> = declared.difference(&here).collect();
        assert_eq!(without, [&"gobuild_abi_v1"]);
        assert_eq!(here.difference(&declared).count(), 0);
    }
}
