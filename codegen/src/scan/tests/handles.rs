//! Warnings about contexts that are cancelled where they are made.

use super::*;
use snapbox::{IntoData, assert_data_eq, str};

/// The lines that are warned about, each with the function's name.
fn warned(main: &str, files: &[(&str, &str)]) -> Vec<String> {
    let scan = scan_app(main, files).expect("nothing is wrong");
    let place = |warning: &Diagnostic| {
        let name = warning.message.split('`').nth(1).unwrap_or_default();
        format!("{} {name}", warning.labels[0].location)
    };
    scan.warnings.iter().map(place).collect()
}

#[test]
fn a_handle_that_a_pattern_drops_is_told_with_its_place() {
    let scan = scan_app(
        "fn main() {\n    let (ctx, _) = rtlib::context::with_cancel(&parent);\n}\n",
        &[],
    )
    .expect("nothing is wrong");
    let expect = str![[r#"
warning[handle-dropped]: the context of `with_cancel` is cancelled at once
 --> app/src/main.rs:2:15
  |
2 |     let (ctx, _) = rtlib::context::with_cancel(&parent);
  |               ^ drops the handle, which cancels the context
  |
  = help: give the handle a name that lives as long as the context is needed: `let (ctx, _cancel) = …`
  = help: to cancel at once, say so: `let (ctx, cancel) = …; cancel.cancel();`
"#]];
    assert_data_eq!(scan.warnings[0].to_string(), expect.raw());
}

#[test]
fn it_is_found_however_the_function_is_imported_and_wherever_it_is_called() {
    let main = "
use rtlib::context::{self, with_timeout as limited, *};
use rtlib as go;
mod other;
struct S;
impl S {
    fn method(&self) { let (ctx, _): (Context, CancelHandle) = context::with_deadline(&p, at); }
}
trait T {
    fn default() { let (a, _) = go::context::with_cancel(&p); }
}
fn main() {
    let (a, _,) = limited(&p, second);
    let (a, ..) = with_cancel(&p);
    let (_, _) = with_signals(&p, [2]).unwrap();
    if true { loop { go::spawn(move || { let (mut a, _) = with_signals(&p, [2])?; }); } }
    println!(\"{}\", { let (a, _) = with_cancel(&p); 1 });
}
";
    let other =
        "fn f() { use rtlib::context as c; fn inner() { let (_a, _) = c::with_cancel(&p); } }";
    assert_eq!(
        warned(main, &[("other.rs", other)]),
        [
            "app/src/main.rs:7 with_deadline",
            "app/src/main.rs:10 with_cancel",
            "app/src/main.rs:13 with_timeout",
            "app/src/main.rs:14 with_cancel",
            "app/src/main.rs:15 with_signals",
            "app/src/main.rs:16 with_signals",
            "app/src/main.rs:17 with_cancel",
            "app/src/other.rs:1 with_cancel",
        ]
    );
}

#[test]
fn nothing_else_is_warned_about() {
    let main = "
use rtlib::context::{self, with_cancel};
mod mine { pub fn with_cancel() -> (u8, u8) { (1, 2) } }
fn main() {
    let (ctx, _cancel) = with_cancel(&p);
    let (_, cancel) = with_cancel(&p);
    let (a, b, _) = three(with_cancel(&p));
    let (a, _) = mine::with_cancel();
    let (a, _) = other::with_cancel(&p);
    let (a, _) = value.with_cancel(&p);
    let (a, _) = context::background();
    let (a, _) = context::with_signals(&p, [2]).map(keep).unwrap();
    let _ = with_cancel(&p);
    fn with_cancel() -> (u8, u8) { (1, 2) }
}
fn shadowed() {
    fn with_cancel() -> (u8, u8) { (1, 2) }
    let (a, _) = with_cancel();
}
fn wrong() { let (a, _) = with_cancel(&p); let 1 + ; }
";
    assert_eq!(warned(main, &[]), Vec::<String>::new());
}
