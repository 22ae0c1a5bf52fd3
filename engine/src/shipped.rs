//! The models inside the binary: a configuration with its model card, and weights, for each. They were made
//! by the statements that their cards name; engine/models/README.md tells how to make them again.

use helioql_catalog::ModelKind;

use crate::{Error, Result, models::Stored};

/// One shipped model.
struct Shipped {
    kind: ModelKind,
    name: &'static str,
    config: &'static str,
    weights: &'static [u8],
}

const SHIPPED: [Shipped; 3] = [
    Shipped {
        kind: ModelKind::Generator,
        name: "sun",
        config: include_str!("../models/generator-sun.json"),
        weights: include_bytes!("../models/generator-sun.safetensors"),
    },
    Shipped {
        kind: ModelKind::Directions,
        name: "sun",
        config: include_str!("../models/directions-sun.json"),
        weights: include_bytes!("../models/directions-sun.safetensors"),
    },
    Shipped {
        kind: ModelKind::Encoder,
        name: "look",
        config: include_str!("../models/encoder-look.json"),
        weights: include_bytes!("../models/encoder-look.safetensors"),
    },
];

/// The shipped model of that kind and name, if there is one.
pub(crate) fn model(kind: ModelKind, name: &str) -> Result<Option<Stored>> {
    let Some(shipped) = SHIPPED
        .iter()
        .find(|model| model.kind == kind && model.name == name)
    else {
        return Ok(None);
    };
    let config = serde_json::from_str(shipped.config).map_err(|error| {
        Error::Unsupported(format!(
            "internal: the shipped {kind} `{name}` is not readable: {error}"
        ))
    })?;
    Ok(Some((config, shipped.weights.into())))
}

/// The names of the shipped models of a kind.
pub(crate) fn names(kind: ModelKind) -> Vec<&'static str> {
    SHIPPED
        .iter()
        .filter(|model| model.kind == kind)
        .map(|model| model.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Handle;

    #[test]
    fn shipped_models_load_and_stay_within_eight_megabytes() -> Result<()> {
        let models = Handle::shipped();
        models.generator("sun")?;
        models.directions("sun")?;
        models.encoder("look")?;
        let bytes: usize = SHIPPED
            .iter()
            .map(|model| model.config.len() + model.weights.len())
            .sum();
        assert!(bytes <= 8_000_000, "{bytes} bytes");
        Ok(())
    }
}
