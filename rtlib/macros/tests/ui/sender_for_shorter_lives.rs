use rtlib::chan::Sender;

/// A message that does not live long must not come out of a receiver of messages that do.
fn shorten<'a>(sender: Sender<&'static str>) -> Sender<&'a str> {
    sender
}

fn main() {}
