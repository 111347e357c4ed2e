//! A goroutine that waits for the lock of a file.

use std::fs::File;
use std::time::Duration;

fn save(file: &File) {
    file.lock().expect("a lock");
}

fn main() {
    let path = std::env::temp_dir().join(format!("shop-{}", std::process::id()));
    let (first, second) = (File::create(&path).unwrap(), File::create(&path).unwrap());
    first.lock().unwrap();
    let saver = rtlib::spawn(move || save(&second));
    rtlib::time::sleep(Duration::from_millis(150));
    first.unlock().unwrap();
    saver.join().unwrap();
    std::fs::remove_file(path).unwrap();
}
