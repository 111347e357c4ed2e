//! Names that hide what an expansion might use. Nothing here is `unsafe`, so nothing of it may choose a symbol.
#![forbid(unsafe_code)]
#![no_implicit_prelude]
#![allow(non_camel_case_types, dead_code, non_upper_case_globals, unused_imports, unused_macros)]

extern crate self as alloc;
extern crate self as core;
extern crate self as std;

/// Types and values.
mod shadows {
    pub struct u8;
    pub struct u32;
    pub struct usize;
    pub struct str;
    pub struct bool;
    pub struct Option;
    pub struct Some;
    pub struct None;
    pub struct Ok;
    pub struct Err;
    pub trait Fn {}
    pub trait FnOnce {}
    pub trait Into {}
    pub fn drop() {}
}
use shadows::{Err, Fn, FnOnce, Into, None, Ok, Option, Some, bool, drop, str, u8, u32, usize};

/// What `::core` has here, and what it would be a symbol of.
#[macro_export]
macro_rules! concat {
    ($($any:tt)*) => { "environ" };
}
#[macro_export]
macro_rules! module_path {
    () => { "environ" };
}
#[macro_export]
macro_rules! file {
    () => { "environ" };
}
#[macro_export]
macro_rules! line {
    () => { 0 };
}
#[macro_export]
macro_rules! column {
    () => { 0 };
}
#[macro_export]
macro_rules! cfg {
    ($($any:tt)*) => { "environ" };
}
#[macro_export]
macro_rules! stringify {
    ($($any:tt)*) => { "environ" };
}
pub mod primitive {
    pub struct u8;
    pub struct str;
}

#[::rtlib::init]
fn among_shadows() {} //@ init hostile::among_shadows

#[::rtlib::var]
static LIMIT: crate::Wide = crate::Wide(7); //@ var hostile::LIMIT

pub struct Wide(pub i64);

// What an expansion calls its own items.
#[::rtlib::init]
fn __rtlib_entry() {} //@ init hostile::__rtlib_entry
#[::rtlib::init]
fn __rtlib_run_plain() {} //@ init hostile::__rtlib_run_plain
#[::rtlib::init]
fn plain() {} //@ init hostile::plain
#[::rtlib::var]
static __RTLIB_RECORD_plain: i64 = 1; //@ var hostile::__RTLIB_RECORD_plain

// Attributes of the function stay with the function, whatever they say of its own symbol.
#[::rtlib::init]
#[inline(always)]
#[must_use = "is no result"]
#[cold]
fn attributed() {} //@ init hostile::attributed

#[track_caller]
#[::rtlib::init]
fn tracked() {} //@ init hostile::tracked

#[::rtlib::init]
#[cfg_attr(all(), cfg_attr(all(), cfg(any())))]
fn absent_at_depth() {}
