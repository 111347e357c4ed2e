//! The auxiliary vector (getauxval(3)), as the boot finds it behind the environment.

use linux_raw_sys::auxvec::{
    AT_EXECFN, AT_HWCAP2, AT_MINSIGSTKSZ, AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_SECURE,
};

/// What the runtime wants of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auxv {
    /// Processor features, second word; bit 1 says that `wrfsbase` may be used.
    pub hwcap2: usize,
    /// Address, entry size and count of the program headers.
    pub phdr: usize,
    /// See `phdr`.
    pub phent: usize,
    /// See `phdr`.
    pub phnum: usize,
    /// The file name of the program: lies at the very top of the process stack.
    pub execfn: usize,
    /// The program has more rights than the user who started it.
    pub secure: bool,
    /// Bytes that a signal frame needs.
    pub minsigstksz: usize,
}

/// AT_HWCAP2: user code may execute the FSGSBASE instructions (Linux 5.9+).
pub const HWCAP2_FSGSBASE: usize = 1 << 1;

impl Auxv {
    /// Sorts (tag, value) pairs.
    pub fn from_pairs(pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut auxv = Self::default();
        for (tag, value) in pairs.take_while(|(tag, _)| *tag != AT_NULL as usize) {
            match tag as u32 {
                AT_HWCAP2 => auxv.hwcap2 = value,
                AT_PHDR => auxv.phdr = value,
                AT_PHENT => auxv.phent = value,
                AT_PHNUM => auxv.phnum = value,
                AT_EXECFN => auxv.execfn = value,
                AT_SECURE => auxv.secure = value != 0,
                AT_MINSIGSTKSZ => auxv.minsigstksz = value,
                _ => {}
            }
        }
        auxv
    }
}
