//! Every shape of item, in the oldest edition that has attribute macros by path.

use rtlib::{init as start, var};

mod deeper;

/// Documented.
#[start]
#[inline(never)]
#[allow(dead_code)]
pub fn documented() {} //@ init edition2018::documented

#[rtlib::init]
fn private() -> () {} //@ init edition2018::private

#[rtlib::init]
fn r#match() {} //@ init edition2018::match

#[rtlib::init]
fn größe() {} //@ init edition2018::größe

#[rtlib::init]
#[cfg(any())]
fn absent() {}

#[rtlib::init]
#[cfg_attr(all(), cfg(any()), inline)]
fn absent_too() {}

#[cfg(any())]
#[rtlib::init]
fn absent_in_the_other_order() {}

#[cfg_attr(all(), rtlib::init)]
fn conditional() {} //@ init edition2018::conditional

// Names that the expansion might use itself.
#[rtlib::init]
fn __rtlib_run() {} //@ init edition2018::__rtlib_run
#[rtlib::init]
fn core() {} //@ init edition2018::core
#[rtlib::init]
fn run_init() {} //@ init edition2018::run_init

#[var]
pub static NAMES: Vec<&str> = vec!["a", "b"]; //@ var edition2018::NAMES

#[::rtlib::var]
pub(crate) static TEXT: String = { //@ var edition2018::TEXT
    let joined = NAMES.join("-");
    joined + "!"
};

#[rtlib::var]
#[cfg(any())]
static NOT_THERE: u32 = missing();

#[rtlib::var]
static CALLBACK: Box<dyn Fn(u32) -> u32 + Send + Sync> = Box::new(|n| n + 1); //@ var edition2018::CALLBACK

/// The expression sees what it saw where it was written.
fn __rtlib_entry() -> u32 {
    7
}

#[rtlib::var]
static SHADOWED: u32 = __rtlib_entry() + run(); //@ var edition2018::SHADOWED

fn run() -> u32 {
    CALLBACK(NAMES.len() as u32)
}

macro_rules! register {
    ($value:expr) => {
        const _: () = {
            #[rtlib::init]
            fn register() {
                let _: u32 = $value;
            }
        };
    };
}

register!(1); //@ init edition2018::register
register!(2); //@ init edition2018::register

macro_rules! module {
    ($name:ident) => {
        pub mod $name {
            #[rtlib::init]
            fn module() {}
        }
    };
}

module!(left); //@ init edition2018::left::module
module!(right); //@ init edition2018::right::module

/// Callable as it was, and a variable reads as its value.
pub fn used() -> usize {
    documented();
    private();
    deeper::inner::far_down();
    NAMES.len() + TEXT.len()
}
