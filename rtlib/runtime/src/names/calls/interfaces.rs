//! Which families of addresses the machine has (`AI_ADDRCONFIG`), by rtnetlink(7).

use super::super::files::Open;
use super::super::lookup::Families;
use crate::os::linux::sys::{
    __NR_recvfrom, __NR_sendto, __NR_socket, AF_INET, AF_INET6, AF_NETLINK, NETLINK_ROUTE,
    NLM_F_DUMP, NLM_F_REQUEST, NLMSG_DONE, O_CLOEXEC, SOCK_RAW,
};
use crate::os::linux::{Errno, call};

const RTM_NEWADDR: u16 = 20;
const RTM_GETADDR: u16 = 22;
/// `struct nlmsghdr`, `struct ifaddrmsg`, `struct rtattr`.
const HEADER: usize = 16;
const ABOUT: usize = 8;
const ATTRIBUTE: usize = 4;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;

/// The families that some address beside the loopback ones is of. Both if the kernel does not say.
pub fn families() -> Families {
    let mut families = Families {
        v4: false,
        v6: false,
    };
    match ask(&mut families) {
        Ok(()) => families,
        Err(_) => Families { v4: true, v6: true },
    }
}

fn ask(families: &mut Families) -> Result<(), Errno> {
    const LEN: usize = HEADER + ABOUT;
    let kind = (SOCK_RAW | O_CLOEXEC) as usize;
    let args = [AF_NETLINK as usize, kind, NETLINK_ROUTE as usize, 0, 0, 0];
    // SAFETY: no memory is involved.
    let socket = Open(unsafe { call(__NR_socket, args) }?);
    let mut request = [0_u8; LEN];
    request[..4].copy_from_slice(&(LEN as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&RTM_GETADDR.to_ne_bytes());
    request[6..8].copy_from_slice(&((NLM_F_REQUEST | NLM_F_DUMP) as u16).to_ne_bytes());
    // SAFETY: the request lives over the call; an unconnected socket of this family sends to the kernel.
    unsafe {
        call(
            __NR_sendto,
            [socket.0, request.as_ptr() as usize, LEN, 0, 0, 0],
        )
    }?;
    let mut answers = [0_u8; 4096];
    loop {
        let args = [
            socket.0,
            answers.as_mut_ptr() as usize,
            answers.len(),
            0,
            0,
            0,
        ];
        // SAFETY: the buffer lives over the call. The kernel answers at once.
        let len = unsafe { call(__NR_recvfrom, args) }?;
        if len == 0 || note(&answers[..len.min(answers.len())], families) {
            return Ok(());
        }
    }
}

/// Notes the addresses of some messages. True behind the last one.
fn note(mut messages: &[u8], families: &mut Families) -> bool {
    while let Some(len) = u32_at(messages, 0) {
        let len = len as usize;
        let (Some(message), Some(kind)) = (messages.get(HEADER..len), u16_at(messages, 4)) else {
            return true;
        };
        if u32::from(kind) == NLMSG_DONE {
            return true;
        }
        if kind == RTM_NEWADDR {
            note_one(message, families);
        }
        messages = messages.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    false
}

fn note_one(message: &[u8], families: &mut Families) {
    let Some(family) = message.first().map(|family| u32::from(*family)) else {
        return;
    };
    let address = attribute(message, IFA_LOCAL).or_else(|| attribute(message, IFA_ADDRESS));
    match (family, address) {
        (AF_INET, Some(octets)) => families.v4 |= octets != [127, 0, 0, 1],
        (AF_INET6, Some(octets)) => {
            let is_loopback =
                matches!(octets, [zeros @ .., 1] if zeros.iter().all(|byte| *byte == 0));
            families.v6 |= !is_loopback;
        }
        _ => {}
    }
}

/// The value of an attribute.
fn attribute(message: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = message.get(ABOUT..)?;
    loop {
        let len = usize::from(u16_at(rest, 0)?);
        let value = rest.get(ATTRIBUTE..len)?;
        if u16_at(rest, 2)? == wanted {
            return Some(value);
        }
        rest = rest.get(len.next_multiple_of(4)..)?;
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    bytes.try_into().ok().map(u16::from_ne_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    bytes.try_into().ok().map(u32::from_ne_bytes)
}
