//! `rtlib` under another name, and through a re-export.

pub mod vendor {
    pub use rt as runtime;
}

#[rt::init(crate = rt)]
fn by_its_new_name() {} //@ init renamed::by_its_new_name

#[vendor::runtime::init(crate = crate::vendor::runtime)]
fn through_a_reexport() {} //@ init renamed::through_a_reexport

#[rt::var(crate = ::rt)]
pub static LIMIT: u32 = 1; //@ var renamed::LIMIT
