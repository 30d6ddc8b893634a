//! Writes the bundled models whose weights are chosen by hand:
//! `cargo run --example models_by_hand -- assets/models`.

use convstep::model_io::by_hand;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("expected a folder to write to, got none")?;
    for model in by_hand::all()? {
        let path = std::path::Path::new(&folder).join(format!("{}.safetensors", model.name));
        std::fs::write(path, model.to_bytes()?)?;
    }
    Ok(())
}
