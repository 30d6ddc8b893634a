//! Writes the two models of the article: `cargo run --example article_models -- assets/models`.

use convstep::model_io::article;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("expected a folder to write to, got none")?;
    for model in [article::backprop()?, article::matching()?] {
        let path = std::path::Path::new(&folder).join(format!("{}.safetensors", model.name));
        std::fs::write(path, model.to_bytes()?)?;
    }
    Ok(())
}
