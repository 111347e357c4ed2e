//! `mainpc.o`: `runtime.mainPC`, from which `runtime.rt0_go` starts the main goroutine, and `main.main`, by which the runtime calls the
//! program's own `main`.

use object::write::{Relocation, StandardSection};
use object::{RelocationEncoding, RelocationFlags, RelocationKind};
use rtlib_abi::symbol::{C_MAIN, MAIN_MAIN, MAIN_PC, RUNTIME_MAIN};

use super::error::EmitError;
use super::object_file::{Home, ObjectFile, Visibility};
use super::structure::{POINTER, Structure};

/// `jmp rel32`; the linker fills in the distance to `main`. A tail call: nothing of `main.main` is left on the stack.
const JMP_MAIN: [u8; 5] = [0xe9, 0, 0, 0, 0];
/// Where the distance stands in it.
const JMP_DISTANCE: u64 = 1;
/// As compilers align functions.
const CODE_ALIGN: u64 = 16;

/// The unwind table of `main.main`, which never moves the stack pointer: at every instruction the caller's frame begins 8 bytes above it.
#[rustfmt::skip]
const EH_FRAME: [u8; 48] = [
    20, 0, 0, 0,       // CIE: bytes that follow
    0, 0, 0, 0,        // this is a CIE
    1,                 // version
    b'z', b'R', 0,     // augmentation: a length follows, and an encoding of addresses
    1,                 // code alignment factor
    0x78,              // data alignment factor: -8
    16,                // the return address is column 16
    1,                 // length of the augmentation
    0x1b,              // addresses are 32-bit, relative to themselves
    0x0c, 7, 8,        // DW_CFA_def_cfa: CFA = rsp + 8
    0x80 | 16, 1,      // DW_CFA_offset: the return address lies at CFA - 8
    0, 0,              // DW_CFA_nop
    20, 0, 0, 0,       // FDE: bytes that follow
    28, 0, 0, 0,       // the CIE begins 28 bytes before this word
    0, 0, 0, 0,        // address of main.main (relocated)
    5, 0, 0, 0,        // its length
    0,                 // length of the augmentation
    0, 0, 0, 0, 0, 0, 0,
];
/// Where the address of `main.main` stands in [`EH_FRAME`].
const FDE_ADDRESS: u64 = 32;

/// Emits `mainpc.o`, which is the same for every program.
///
/// # Errors
/// None that a user can cause: the object writer's own.
pub fn main_pc() -> Result<Vec<u8>, EmitError> {
    let mut file = ObjectFile::new("mainpc.o");
    let symbol = file.declare(MAIN_PC, Visibility::Global);
    let runtime_main = file.undefined(RUNTIME_MAIN);
    let mut content = Structure::zeroed(POINTER);
    content.pointer(0, runtime_main, 0);
    file.define(symbol, Home::ReadOnly, content)?;
    main_main(&mut file)?;
    file.finish()
}

fn main_main(file: &mut ObjectFile) -> Result<(), EmitError> {
    let (function, code) = file.function(MAIN_MAIN, &JMP_MAIN, CODE_ALIGN);
    let main = file.undefined(C_MAIN);
    let distance = |kind, encoding| RelocationFlags::Generic {
        kind,
        encoding,
        size: 32,
    };
    let jump = distance(RelocationKind::PltRelative, RelocationEncoding::X86Branch);
    // The distance counts from the end of the instruction, 4 bytes behind the place it is written to.
    file.relocation(
        code,
        Relocation {
            offset: JMP_DISTANCE,
            symbol: main,
            addend: -4,
            flags: jump,
        },
    )?;

    let frames = file.writer().section_id(StandardSection::EhFrame);
    file.writer().append_section_data(frames, &EH_FRAME, 8);
    let address = distance(RelocationKind::Relative, RelocationEncoding::Generic);
    file.relocation(
        frames,
        Relocation {
            offset: FDE_ADDRESS,
            symbol: function,
            addend: 0,
            flags: address,
        },
    )
}
