//! rtlib
#![no_std]
