//! Which of libc's lookups through the name service switch are in a program. A static program carries them out with modules of the machine that it
//! runs on, which is worth a word when it is built.
//!
//! Those that the runtime stands in for (`rtlib_abi::calls::TABLE`) are not among them. Only what is linked counts: the linker drops what nobody calls. A stripped program
//! tells nothing.

use object::read::ReadRef;

use super::error::ElfError;
use super::image::Image;
use super::symbols::for_each_defined;

/// Users and groups.
const USERS: [&str; 14] = [
    "cuserid",
    "getlogin",
    "getlogin_r",
    "getnetgrent_r",
    "getsgent_r",
    "getsgnam_r",
    "getspent",
    "getspent_r",
    "getspnam",
    "getspnam_r",
    "innetgr",
    "ruserok",
    "setnetgrent",
    "wordexp",
];

/// Hosts, networks and the like.
const HOSTS: [&str; 12] = [
    "ether_hostton",
    "ether_ntohost",
    "gethostent",
    "gethostent_r",
    "getnetbyaddr_r",
    "getnetbyname",
    "getnetbyname_r",
    "getnetent_r",
    "getprotoent_r",
    "getrpcbyname_r",
    "getrpcbynumber_r",
    "getservent_r",
];

/// The lookups in a program, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Those of users and groups.
    pub users: Vec<&'static str>,
    /// Those of hosts.
    pub hosts: Vec<&'static str>,
}

impl Lookups {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.hosts.is_empty()
    }
}

/// Finds the lookups in a program.
///
/// # Errors
/// When the symbol table is damaged.
pub fn lookups<'data, R: ReadRef<'data>>(data: R) -> Result<Lookups, ElfError> {
    let image = Image::open(data)?;
    let mut found = Lookups::default();
    for_each_defined(&image, |_, name| {
        let is = |known: &&&str| known.as_bytes() == name;
        found.users.extend(USERS.iter().find(is));
        found.hosts.extend(HOSTS.iter().find(is));
    })?;
    for list in [&mut found.users, &mut found.hosts] {
        list.sort_unstable();
        list.dedup();
    }
    Ok(found)
}
