//! A variable that is read too early, by a method that the source does not tell: a call through a trait object.

trait Ask: Sync {
    fn ask(&self) -> u32;
}

struct Later;

impl Ask for Later {
    fn ask(&self) -> u32 {
        *ANSWER
    }
}

static WHOM: &dyn Ask = &Later;

#[rtlib::var]
static ANSWER: u32 = rtlib::spawn(|| WHOM.ask()).join().unwrap_or(42);

fn main() {
    println!("{}", *ANSWER);
}
