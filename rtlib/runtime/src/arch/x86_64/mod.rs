//! x86-64: the goroutine switch, thread pointers, system calls. All of the runtime's assembly is here.

pub mod switch;
pub mod syscall;
pub mod tls;
