use rtlib::chan::{Receiver, Sender};

fn sends_on_a_receiver(receiver: &Receiver<u32>) {
    rtlib::select! {
        send(receiver, 1) -> _ => {}
    }
}

fn receives_from_a_sender(sender: &Sender<u32>) {
    rtlib::select! {
        recv(sender) -> _ => {}
    }
}

fn sends_something_else(sender: &Sender<u32>) {
    rtlib::select! {
        send(sender, "text") -> _ => {}
    }
}

fn waits_for_a_number(receiver: &Receiver<u32>) {
    rtlib::select! {
        recv(receiver) -> _ => {}
        default(5) => {}
    }
}

fn bodies_differ(receiver: &Receiver<u32>) -> u32 {
    rtlib::select_biased! {
        recv(receiver) -> message => message,
        default => 0,
    }
}

fn main() {}
