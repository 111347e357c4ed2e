//! Two goroutines that take two locks, each in an order of its own.

use std::sync::{Barrier, Mutex};
use std::thread;

use rtlib as _;

static ORDERS: Mutex<u32> = Mutex::new(0);
static STOCK: Mutex<u32> = Mutex::new(0);
static OPENED: Barrier = Barrier::new(2);

fn sell() {
    let mut orders = ORDERS.lock().unwrap();
    OPENED.wait();
    let mut stock = STOCK.lock().unwrap();
    (*orders, *stock) = (*orders + 1, *stock - 1);
}

fn deliver() {
    let mut stock = STOCK.lock().unwrap();
    OPENED.wait();
    let mut orders = ORDERS.lock().unwrap();
    (*orders, *stock) = (*orders - 1, *stock - 1);
}

fn main() {
    let both = [sell, deliver].map(|work| thread::spawn(move || work()));
    for one in both {
        _ = one.join();
    }
}
