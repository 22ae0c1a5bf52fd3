//! Checkpoints of a training run: one safetensors file with the networks, their moving average, the
//! optimisers' moments and, in its header, the settings, the step, the position of the random stream and
//! the history.
//!
//! A checkpoint is written beside its place and renamed into it, so that a run that is killed while it
//! saves leaves the checkpoint before.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use crate::nn::parameters::write;
use crate::nn::random::Position;
use crate::nn::{Adam, Average, ModelError, Parameters, Random, Result};

use super::train::{Best, Record, State, Sums, TrainOptions};

/// Key of the header text.
const HEADER: &str = "helioql.checkpoint";

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    options: TrainOptions,
    patches: usize,
    step: u64,
    adam_steps: (i32, i32),
    random: Position,
    sums: Sums,
    history: Vec<Record>,
    /// Step and score of the best moving average so far, whose parameters are `best.…`.
    best: Option<(u64, f64)>,
}

/// Writes a checkpoint, replacing the one before.
pub(super) fn save(path: &Path, options: &TrainOptions, patches: usize, state: &State) -> Result<()> {
    let header = Header {
        version: 1,
        options: options.clone(),
        patches,
        step: state.step,
        adam_steps: (state.generator_adam.steps(), state.critic_adam.steps()),
        random: state.random.position(),
        sums: state.sums,
        history: state.history.clone(),
        best: state.best.as_ref().map(|best| (best.step, best.score)),
    };
    let mut file = Vec::new();
    state.generator.append_to("generator.", &mut file)?;
    state.critic.append_to("critic.", &mut file)?;
    state.average.parameters().append_to("average.", &mut file)?;
    if let Some(best) = &state.best {
        best.parameters.append_to("best.", &mut file)?;
    }
    state.generator_adam.append_to("generator_adam.", &mut file);
    state.critic_adam.append_to("critic_adam.", &mut file);
    replace(
        path,
        &write(&file, Some((HEADER, serde_json::to_string(&header)?)))?,
    )
}

/// Reads a checkpoint that was made with these settings.
pub(super) fn load(path: &Path, options: &TrainOptions, patches: usize) -> Result<State> {
    let failed = |source| ModelError::File {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let bytes = fs::read(path).map_err(failed)?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes)?;
    let text = metadata.metadata().as_ref().and_then(|header| header.get(HEADER));
    let header: Header = serde_json::from_str(text.map_or("", String::as_str))?;
    let made = &header.options;
    let differs = [
        ("generator", made.generator != options.generator),
        ("recipe", made.recipe != options.recipe),
        ("batch", made.batch != options.batch),
        (
            "resolution",
            made.resolution_gauss.to_bits() != options.resolution_gauss.to_bits(),
        ),
        ("beta1", made.beta1.to_bits() != options.beta1.to_bits()),
        ("beta2", made.beta2.to_bits() != options.beta2.to_bits()),
        ("seed", made.seed != options.seed),
        ("patches", header.patches != patches),
    ];
    if let Some(&(setting, _)) = differs.iter().find(|(_, differs)| *differs) {
        return Err(ModelError::OtherCheckpoint {
            path: path.to_owned(),
            setting,
        });
    }

    let file = SafeTensors::deserialize(&bytes)?;
    let parameters = |prefix: &str| Parameters::from_views(&file, prefix);
    let adam = |prefix: &str, steps| {
        let (mean, square) = (
            parameters(&format!("{prefix}mean."))?,
            parameters(&format!("{prefix}square."))?,
        );
        Adam::from_parts(options.adam(), steps, &mean, &square)
    };
    Ok(State {
        step: header.step,
        random: Random::at(header.random),
        generator: parameters("generator.")?,
        critic: parameters("critic.")?,
        average: Average::from_parameters(parameters("average.")?),
        generator_adam: adam("generator_adam.", header.adam_steps.0)?,
        critic_adam: adam("critic_adam.", header.adam_steps.1)?,
        sums: header.sums,
        history: header.history,
        best: header
            .best
            .map(|(step, score)| {
                Ok::<_, ModelError>(Best {
                    step,
                    score,
                    parameters: parameters("best.")?,
                })
            })
            .transpose()?,
    })
}

/// Puts `bytes` at `path` in one step.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |source| ModelError::File {
        action: "write",
        path: path.to_owned(),
        source,
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let mut file = File::create(&beside).map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}
