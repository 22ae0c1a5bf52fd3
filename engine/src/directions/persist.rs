//! Directions on disk: a configuration that can be read and listed by itself, and a safetensors file with
//! the latents' `mean` and `covariance`, the solver's `axes` and the `normals`, all of 64-bit floats so that
//! a loaded direction steers to the same bits.

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use super::{
    Direction, Directions, DirectionsError, FitOptions, Fitted, Order, Population, Quantity, Range, Steered,
};
use crate::nn::ModelError;

const VERSION: u32 = 1;

/// Everything about directions but their tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectionsConfig {
    version: u32,
    /// The settings of the fit.
    pub options: FitOptions,
    directions: Vec<Entry>,
}

/// A [`Direction`] without its normal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    keyword: String,
    order: Option<Order>,
    offset: f64,
    slope: f64,
    range: Range,
    fitted: Fitted,
    steered: Option<Steered>,
}

impl Directions {
    /// The configuration, which belongs beside the weights of [`Directions::save`].
    pub fn config(&self) -> DirectionsConfig {
        let entry = |d: &Direction| Entry {
            keyword: d.quantity.keyword.to_owned(),
            order: d.order,
            offset: d.offset,
            slope: d.slope,
            range: d.range,
            fitted: d.fitted,
            steered: d.steered.clone(),
        };
        DirectionsConfig {
            version: VERSION,
            options: self.options.clone(),
            directions: self.fitted.iter().map(entry).collect(),
        }
    }

    /// The tensors as the bytes of a safetensors file.
    ///
    /// # Errors
    /// When the file cannot be composed; this is a fault of ours.
    pub fn save(&self) -> Result<Vec<u8>, DirectionsError> {
        let dim = self.population.dim();
        let bytes = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        let normals: Vec<f64> = self
            .fitted
            .iter()
            .flat_map(|d| d.normal.iter().copied())
            .collect();
        let tensors = [
            ("axes", vec![self.axes.len(), dim], bytes(&self.axes.concat())),
            ("covariance", vec![dim, dim], bytes(&self.population.covariance)),
            ("mean", vec![dim], bytes(&self.population.mean)),
            ("normals", vec![self.fitted.len(), dim], bytes(&normals)),
        ];
        let views = tensors
            .iter()
            .map(|(name, shape, data)| Ok((*name, TensorView::new(Dtype::F64, shape.clone(), data)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(ModelError::from)?;
        Ok(safetensors::serialize(views, None).map_err(ModelError::from)?)
    }

    /// Reads directions from their configuration and the bytes that [`Directions::save`] gave.
    ///
    /// # Errors
    /// When the bytes are not such a file, or it does not fit the configuration.
    pub fn load(config: &DirectionsConfig, weights: &[u8]) -> Result<Self, DirectionsError> {
        if config.version != VERSION {
            return Err(damaged(format!(
                "version {VERSION} was expected, found {}",
                config.version
            )));
        }
        let file = SafeTensors::deserialize(weights).map_err(ModelError::from)?;
        let (shape, mean) = tensor(&file, "mean")?;
        let &[dim] = shape.as_slice() else {
            return Err(damaged(format!(
                "`mean` should be a vector, found shape {shape:?}"
            )));
        };
        let matrix = |name: &str, rows: Option<usize>| {
            let (shape, values) = tensor(&file, name)?;
            match shape.as_slice() {
                &[found, columns] if columns == dim && rows.is_none_or(|r| r == found) => Ok(values),
                _ => Err(damaged(format!(
                    "`{name}` should have rows of {dim}, found shape {shape:?}"
                ))),
            }
        };
        let covariance = matrix("covariance", Some(dim))?;
        let axes = matrix("axes", None)?;
        let normals = matrix("normals", Some(config.directions.len()))?;
        let directions = config
            .directions
            .iter()
            .zip(normals.chunks_exact(dim.max(1)))
            .map(|(entry, normal)| {
                let quantity =
                    Quantity::named(&entry.keyword).ok_or_else(|| DirectionsError::UnknownQuantity {
                        keyword: entry.keyword.clone(),
                    })?;
                Ok(Direction {
                    quantity,
                    order: entry.order,
                    normal: normal.to_vec(),
                    offset: entry.offset,
                    slope: entry.slope,
                    range: entry.range,
                    fitted: entry.fitted,
                    steered: entry.steered.clone(),
                })
            })
            .collect::<Result<_, DirectionsError>>()?;
        Ok(Self {
            population: Population { mean, covariance },
            axes: axes.chunks_exact(dim.max(1)).map(<[f64]>::to_vec).collect(),
            fitted: directions,
            options: config.options.clone(),
        })
    }
}

/// Shape and values of a tensor of 64-bit floats, all finite.
fn tensor(file: &SafeTensors<'_>, name: &str) -> Result<(Vec<usize>, Vec<f64>), DirectionsError> {
    let view = file.tensor(name).map_err(ModelError::from)?;
    if view.dtype() != Dtype::F64 {
        return Err(damaged(format!(
            "`{name}` should hold F64 values, found {:?}",
            view.dtype()
        )));
    }
    let values: Vec<f64> = view
        .data()
        .chunks_exact(8)
        .map(|chunk| f64::from_le_bytes(std::array::from_fn(|i| chunk[i])))
        .collect();
    if values.iter().any(|v| !v.is_finite()) {
        return Err(damaged(format!("`{name}` holds values that are not finite")));
    }
    Ok((view.shape().to_vec(), values))
}

fn damaged(reason: impl Into<String>) -> DirectionsError {
    DirectionsError::Damaged {
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directions::synthetic;

    #[test]
    fn a_round_trip_changes_nothing() -> Result<(), DirectionsError> {
        let directions = synthetic::directions()?;
        assert_eq!(
            Directions::load(&directions.config(), &directions.save()?)?,
            directions
        );
        Ok(())
    }

    #[test]
    fn damage_is_reported() -> Result<(), DirectionsError> {
        let directions = synthetic::directions()?;
        let (config, weights) = (directions.config(), directions.save()?);
        assert!(Directions::load(&config, &weights[..weights.len() / 2]).is_err());
        assert!(Directions::load(&config, b"not a safetensors file").is_err());
        let fewer = DirectionsConfig {
            directions: config.directions[1..].to_vec(),
            ..config
        };
        assert!(
            Directions::load(&fewer, &weights).is_err(),
            "normals without an entry"
        );
        Ok(())
    }
}
