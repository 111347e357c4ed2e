//! The codec `shout`. It builds on `reverse`, so it comes after it; it may rely on what `reverse` registered.

#[rtlib::init]
fn register() {
    let reverse = codec::find("reverse").expect("`reverse` is a dependency, so it has registered");
    println!(
        "shout:    registers `shout`; `reverse` works already: {}",
        reverse("desrever")
    );
    codec::register("shout", encode);
}

fn encode(text: &str) -> String {
    let backwards = reverse::encode(text);
    reverse::encode(&backwards).to_uppercase() + "!"
}
