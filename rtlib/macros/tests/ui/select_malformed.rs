use rtlib::chan::{Receiver, Sender};

fn unknown(receiver: &Receiver<u32>) {
    rtlib::select! {
        receive(receiver) -> message => drop(message),
    }
}

fn no_arrow(receiver: &Receiver<u32>) {
    rtlib::select! {
        recv(receiver) => {}
    }
}

fn no_message(sender: &Sender<u32>) {
    rtlib::select! {
        send(sender) -> sent => drop(sent),
    }
}

fn too_much(receiver: &Receiver<u32>) {
    rtlib::select! {
        recv(receiver, 1) -> message => drop(message),
    }
}

fn no_comma(receiver: &Receiver<u32>) {
    rtlib::select! {
        recv(receiver) -> _ => println!()
        default => {}
    }
}

fn two_defaults(receiver: &Receiver<u32>) {
    rtlib::select! {
        recv(receiver) -> _ => {}
        default => {}
        default => {}
    }
}

fn main() {}
