use convstep::model_io::*;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    for name in ["shapes", "digits"] {
        let a = Architecture::parse(&std::fs::read_to_string(format!("assets/models/{name}.toml"))?)?;
        let m = Model::initial(name, a, convstep::nn::init::Init::He, 1)?;
        println!("{name} {}", m.parameter_count());
        std::fs::write(format!("assets/models/{name}.safetensors"), m.to_bytes()?)?;
    }
    Ok(())
}
