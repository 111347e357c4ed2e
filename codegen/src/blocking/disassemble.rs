//! The calls in a function's code.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};
use object::LittleEndian;
use object::read::elf::{ElfFile64, ElfSymbol64};
use object::{Object, ObjectSection, ObjectSymbol};

/// A longer function is none: symbols of a damaged program may claim any size.
const MAX_LEN: u64 = 16 << 20;

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A call of the function at this address, a jump there, or the address taken from the global offset table to call it.
    To(u64),
    /// A `syscall` instruction.
    System,
}

/// Calls `f` for each of them.
pub fn for_each_call(
    file: &ElfFile64<'_, LittleEndian>,
    function: &ElfSymbol64<'_, '_, LittleEndian>,
    mut f: impl FnMut(Call),
) {
    let (start, len) = (function.address(), function.size().min(MAX_LEN));
    let section = function
        .section_index()
        .and_then(|index| file.section_by_index(index).ok());
    let Some(Ok(Some(code))) = section.map(|section| section.data_range(start, len)) else {
        return;
    };
    let got = file.section_by_name(".got");
    let in_got = |address: u64| {
        let slot = got.as_ref()?.data_range(address, 8).ok()??;
        Some(u64::from_le_bytes(slot.try_into().ok()?))
    };
    let mut decoder = Decoder::with_ip(64, code, start, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        if instruction.mnemonic() == Mnemonic::Syscall {
            f(Call::System);
        } else if instruction.op0_kind() == OpKind::NearBranch64 {
            f(Call::To(instruction.near_branch_target()));
        } else if instruction.is_ip_rel_memory_operand()
            && let Some(address) = in_got(instruction.ip_rel_memory_address())
        {
            f(Call::To(address));
        }
    }
}
