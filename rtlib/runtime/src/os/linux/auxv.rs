//! The auxiliary vector (getauxval(3)), as the boot finds it behind the environment.

use super::sys::{
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

/// Elf64_Phdr.
#[repr(C)]
pub struct ProgramHeader {
    /// `p_type`.
    pub kind: u32,
    flags: u32,
    offset: u64,
    /// Where the segment is: the program is not relocated.
    pub vaddr: u64,
    paddr: u64,
    /// Bytes in the file.
    pub filesz: u64,
    /// Bytes in memory.
    pub memsz: u64,
    /// Alignment.
    pub align: u64,
}

impl Auxv {
    /// The program's first header of this kind.
    pub fn program_header(&self, kind: u32) -> Option<&'static ProgramHeader> {
        (0..self.phnum)
            .map(|i| {
                // SAFETY: the kernel says that `phnum` program headers are there.
                unsafe { &*((self.phdr + i * self.phent) as *const ProgramHeader) }
            })
            .find(|header| header.kind == kind)
    }

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
