//! The models that a session can name: those shipped in the binary, those of the catalogue, and those that
//! a catalogue in memory was given. Also what a function needs while it runs one: the cancel flag, the
//! progress callback and the memo of drawn samples.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use helioql_catalog::{Catalogue, ModelKind};
use serde_json::Value;

use crate::{
    cancel::{CancelFlag, CancelHandle},
    directions::Directions,
    encoder::{Encoder, EncoderConfig},
    error::{Error, Result},
    evaluate::Score,
    generator::{Generator, GeneratorConfig},
    invert::Atlas,
    memory::{self, Held, Keep, Kept, Shelf},
    nn::ModelError,
    patch::Grid,
    progress::{Observer, Progress},
    shipped,
    types::Sample,
};

/// The generator that GENERATE uses when none is named.
pub const DEFAULT_GENERATOR: &str = "sun";
/// The encoder that EMBED and NEAREST use when none is named.
pub const DEFAULT_ENCODER: &str = "look";

/// The member of a model's configuration that holds what EVALUATE found.
pub(crate) const METRICS: &str = "metrics";

/// How many samples are remembered. A sample is 70 kB at 128 × 128 pixels.
const MEMO_CAPACITY: usize = 256;

/// A loaded model with its name and identity; it can be used as the model itself.
#[derive(Debug)]
pub(crate) struct Named<M> {
    /// The name of the model with the checksum of its weights, as columns made by it are marked.
    pub(crate) identity: String,
    model: M,
}

impl<M> Named<M> {
    /// The name of the model.
    pub(crate) fn name(&self) -> &str {
        name_in(&self.identity)
    }
}

impl<M> std::ops::Deref for Named<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.model
    }
}

/// The configuration (with its model card) and the weights of one model as they are stored.
pub(crate) type Stored = (Value, Bytes);

/// All models of one engine; its sessions share it.
pub(crate) struct ModelStore {
    catalogue: Option<Catalogue>,
    in_memory: Mutex<BTreeMap<(ModelKind, String), Stored>>,
    generators: Keep<String, Arc<Named<Generator>>>,
    encoders: Keep<String, Arc<Named<Encoder>>>,
    atlases: Keep<String, Arc<Atlas>>,
    /// Some kilobytes each.
    directions: Mutex<BTreeMap<String, Arc<Directions>>>,
    shelf: Arc<Shelf>,
}

impl ModelStore {
    pub(crate) fn new(catalogue: Option<Catalogue>) -> Self {
        Self {
            catalogue,
            in_memory: Mutex::default(),
            generators: Keep::default(),
            encoders: Keep::default(),
            atlases: Keep::default(),
            directions: Mutex::default(),
            shelf: Arc::default(),
        }
    }

    /// The stored form of a model: one of this engine shadows a shipped one of the same name.
    pub(crate) fn stored(&self, kind: ModelKind, name: &str) -> Result<Stored> {
        if let Some(stored) = lock(&self.in_memory).get(&(kind, name.to_owned())) {
            return Ok(stored.clone());
        }
        if let Some(catalogue) = &self.catalogue
            && catalogue.model(kind, name).is_some()
        {
            let (config, weights) = catalogue.read_model(kind, name)?;
            return Ok((config, weights.into()));
        }
        if let Some(stored) = shipped::model(kind, name)? {
            return Ok(stored);
        }
        let known = self
            .names(kind)
            .into_iter()
            .map(|(name, _)| name)
            .collect::<Vec<_>>()
            .join(", ");
        Err(Error::UnknownModel {
            kind: kind_name(kind),
            name: name.to_owned(),
            known,
        })
    }

    /// The name of a model and what its weights are told by, without loading it.
    pub(crate) fn identity(&self, kind: ModelKind, name: &str) -> Result<String> {
        let (_, weights) = self.stored(kind, name)?;
        Ok(identity(name, &weights))
    }

    /// The names of all models of a kind, with where they come from.
    pub(crate) fn names(&self, kind: ModelKind) -> Vec<(String, &'static str)> {
        let mut names: BTreeMap<String, &'static str> = BTreeMap::new();
        names.extend(
            shipped::names(kind)
                .iter()
                .map(|name| ((*name).to_owned(), "shipped")),
        );
        if let Some(catalogue) = &self.catalogue {
            names.extend(
                catalogue
                    .models(kind)
                    .into_iter()
                    .map(|model| (model.name, "catalogue")),
            );
        }
        let memory = lock(&self.in_memory);
        names.extend(
            memory
                .keys()
                .filter(|(of, _)| *of == kind)
                .map(|(_, name)| (name.clone(), "memory")),
        );
        names.into_iter().collect()
    }

    /// Keeps a model: in the catalogue where there is one, else in memory.
    pub(crate) fn put(&self, kind: ModelKind, name: &str, config: Value, weights: Vec<u8>) -> Result<()> {
        match &self.catalogue {
            Some(catalogue) => {
                let mut transaction = catalogue.begin()?;
                transaction.put_model(kind, name, &config, &weights)?;
                transaction.commit()?;
            }
            None => {
                lock(&self.in_memory).insert((kind, name.to_owned()), (config, weights.into()));
            }
        }
        self.forget(kind, name);
        Ok(())
    }

    /// Keeps what an evaluation of a model found in its configuration, under `metrics`. A shipped model cannot be
    /// changed, so that a copy of it with its figures takes its place, of the same weights and identity.
    pub(crate) fn put_metrics(
        &self,
        kind: ModelKind,
        name: &str,
        evaluated: &str,
        record: Value,
        scores: &[Score],
    ) -> Result<()> {
        let (mut config, weights) = self.stored(kind, name)?;
        if identity(name, &weights) != evaluated {
            return Err(Error::Unsupported(format!(
                "the {} `{name}` was replaced while it was evaluated: evaluate it again",
                kind_name(kind)
            )));
        }
        config[METRICS] = serde_json::to_value(scores).map_err(ModelError::from)?;
        config["evaluation"] = record;
        self.put(kind, name, config, weights.to_vec())
    }

    /// What the last evaluation of a model found; nothing of a model that was not evaluated.
    pub(crate) fn metrics(&self, kind: ModelKind, name: &str) -> Result<Vec<Score>> {
        let (config, _) = self.stored(kind, name)?;
        match config.get(METRICS) {
            Some(scores) => Ok(serde_json::from_value(scores.clone()).map_err(ModelError::from)?),
            None => Ok(Vec::new()),
        }
    }

    /// Takes from a generator's figures those that its directions decided, which are new now.
    pub(crate) fn drop_target_metrics(&self, generator: &str) -> Result<()> {
        let found = self.metrics(ModelKind::Generator, generator)?;
        let left: Vec<&Score> = found.iter().filter(|score| !score.is_of_directions()).collect();
        if left.len() == found.len() {
            return Ok(());
        }
        let (mut config, weights) = self.stored(ModelKind::Generator, generator)?;
        config[METRICS] = serde_json::to_value(left).map_err(ModelError::from)?;
        self.put(ModelKind::Generator, generator, config, weights.to_vec())
    }

    /// Removes a model of this engine; a shipped one of the same name appears again.
    pub(crate) fn drop_model(&self, kind: ModelKind, name: &str) -> Result<bool> {
        let existed = match &self.catalogue {
            Some(catalogue) if catalogue.model(kind, name).is_some() => {
                let mut transaction = catalogue.begin()?;
                transaction.drop_model(kind, name);
                transaction.commit()?;
                true
            }
            Some(_) => false,
            None => lock(&self.in_memory).remove(&(kind, name.to_owned())).is_some(),
        };
        self.forget(kind, name);
        Ok(existed)
    }

    fn forget(&self, kind: ModelKind, name: &str) {
        match kind {
            ModelKind::Generator => {
                self.generators.retain(|known| known != name);
                lock(&self.directions).remove(name);
            }
            ModelKind::Encoder => {
                self.encoders.retain(|known| known != name);
            }
            ModelKind::Directions => {
                lock(&self.directions).remove(name);
            }
        }
    }

    fn generator(&self, name: &str) -> Result<Arc<Named<Generator>>> {
        let bytes = || self.bytes(ModelKind::Generator, name);
        self.kept(&self.generators, "generator", name, bytes, || {
            let (config, weights) = self.stored(ModelKind::Generator, name)?;
            let model = Generator::load(&read_config(&config, "generator", name)?, &weights)?;
            Ok(Named {
                identity: identity(name, &weights),
                model,
            })
        })
    }

    fn encoder(&self, name: &str) -> Result<Arc<Named<Encoder>>> {
        let bytes = || self.bytes(ModelKind::Encoder, name);
        self.kept(&self.encoders, "encoder", name, bytes, || {
            let (config, weights) = self.stored(ModelKind::Encoder, name)?;
            let model = Encoder::load(&read_config(&config, "encoder", name)?, &weights)?;
            Ok(Named {
                identity: identity(name, &weights),
                model,
            })
        })
    }

    /// The grid of a generator's patches. Its weights are not decoded, which a session that draws nothing need not wait
    /// for.
    fn grid(&self, generator: &str) -> Result<Grid> {
        if let Some(generator) = self.generators.get(&generator.to_owned()) {
            return Ok(generator.grid());
        }
        let (config, _) = self.stored(ModelKind::Generator, generator)?;
        let config: GeneratorConfig = read_config(&config, "generator", generator)?;
        Ok(config.grid())
    }

    /// The length of an encoder's embeddings and what they are marked with. Its weights are not decoded either.
    fn embeddings(&self, encoder: &str) -> Result<(usize, String)> {
        if let Some(encoder) = self.encoders.get(&encoder.to_owned()) {
            return Ok((encoder.dim(), encoder.identity.clone()));
        }
        let (config, weights) = self.stored(ModelKind::Encoder, encoder)?;
        let config: EncoderConfig = read_config(&config, "encoder", encoder)?;
        Ok((config.dim(), identity(encoder, &weights)))
    }

    fn directions(&self, generator: &str) -> Result<Arc<Directions>> {
        let mut all = lock(&self.directions);
        if let Some(directions) = all.get(generator) {
            return Ok(Arc::clone(directions));
        }
        let (config, weights) = self.stored(ModelKind::Directions, generator)?;
        let config = read_config(&config, "directions", generator)?;
        let directions = Arc::new(Directions::load(&config, &weights)?);
        all.insert(generator.to_owned(), Arc::clone(&directions));
        Ok(directions)
    }

    /// How much memory the weights of a model take at most: those of half precision are kept in single precision.
    fn bytes(&self, kind: ModelKind, name: &str) -> Result<usize> {
        let (_, weights) = self.stored(kind, name)?;
        Ok(weights.len().saturating_mul(2))
    }

    /// A model that is kept, or that `load` makes with so many `bytes` of memory.
    fn kept<M: Send + Sync>(
        &self,
        all: &Keep<String, Arc<M>>,
        kind: &str,
        name: &str,
        bytes: impl FnOnce() -> Result<usize>,
        load: impl FnOnce() -> Result<M>,
    ) -> Result<Arc<M>> {
        let key = name.to_owned();
        if let Some(held) = all.get(&key) {
            return Ok(Arc::clone(&held));
        }
        let (bytes, what) = (bytes()?, format!("the {kind} `{name}`"));
        let held = all.get_or_make(&self.shelf, key, what.as_str(), bytes, || Ok(Arc::new(load()?)))?;
        let held = held.ok_or_else(|| {
            memory::refused(bytes, what).with_hint("`--memory-limit` says how much there is")
        })?;
        Ok(Arc::clone(&held))
    }
}

impl fmt::Debug for ModelStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelStore").finish_non_exhaustive()
    }
}

/// The part of a stored configuration that builds the model; the rest is its card.
fn read_config<C: serde::de::DeserializeOwned>(config: &Value, kind: &str, name: &str) -> Result<C> {
    serde_json::from_value(config["config"].clone()).map_err(|error| {
        Error::Unsupported(format!(
            "the configuration of {kind} `{name}` is not readable: {error}"
        ))
    })
}

/// What stands in statements and tables for a kind.
pub(crate) fn kind_name(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Generator => "generator",
        ModelKind::Encoder => "encoder",
        ModelKind::Directions => "directions",
    }
}

fn identity(name: &str, weights: &[u8]) -> String {
    format!("{name}#{}", &helioql_catalog::checksum(weights)[..8])
}

/// The name in an identity.
fn name_in(identity: &str) -> &str {
    identity.split('#').next().unwrap_or(identity)
}

/// A panic elsewhere leaves these maps whole, so its poison says nothing about them.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a session calls with the progress of a long statement.
pub type ProgressCallback = Box<dyn Fn(&Progress) + Send + Sync>;

/// Receives what should be known and is no error, as a sentence.
pub type WarningCallback = Box<dyn Fn(&str) + Send + Sync>;

/// What the functions of one session share.
#[derive(Clone)]
pub(crate) struct Handle {
    shared: Arc<Shared>,
    /// That of the statement it is used for; that of the last one, if none is named.
    flag: Option<CancelFlag>,
}

struct Shared {
    store: Arc<ModelStore>,
    cancel: CancelHandle,
    callback: Mutex<Option<Arc<ProgressCallback>>>,
    warning: Mutex<Option<Arc<WarningCallback>>>,
    memo: Mutex<Memo>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handle")
    }
}

impl Handle {
    pub(crate) fn new(store: Arc<ModelStore>) -> Self {
        let shared = Shared {
            store,
            cancel: CancelHandle::default(),
            callback: Mutex::default(),
            warning: Mutex::default(),
            memo: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
            flag: None,
        }
    }

    /// The same for the statement that has this flag.
    pub(crate) fn for_statement(&self, flag: &CancelFlag) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            flag: Some(flag.clone()),
        }
    }

    /// The same for the statement that began last: for work that may still run when the next one begins.
    pub(crate) fn for_last_statement(&self) -> Self {
        self.for_statement(&self.shared.cancel.last())
    }

    /// The shipped models alone.
    #[cfg(test)]
    pub(crate) fn shipped() -> Self {
        Self::new(Arc::new(ModelStore::new(None)))
    }

    pub(crate) fn store(&self) -> &ModelStore {
        &self.shared.store
    }

    /// Where the engine keeps what may be needed again.
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shared.store.shelf
    }

    pub(crate) fn generator(&self, name: &str) -> Result<Arc<Named<Generator>>> {
        self.shared.store.generator(name)
    }

    pub(crate) fn encoder(&self, name: &str) -> Result<Arc<Named<Encoder>>> {
        self.shared.store.encoder(name)
    }

    /// The grid of a generator's patches.
    pub(crate) fn grid(&self, generator: &str) -> Result<Grid> {
        self.shared.store.grid(generator)
    }

    /// The length of an encoder's embeddings and the identity that they are marked with.
    pub(crate) fn embeddings(&self, encoder: &str) -> Result<(usize, String)> {
        self.shared.store.embeddings(encoder)
    }

    /// The encoder that embedded rows marked with `identity`, which must not have been replaced since.
    pub(crate) fn encoder_of_rows(&self, identity: &str) -> Result<Arc<Named<Encoder>>> {
        let name = name_in(identity);
        let encoder = self.encoder(name)?;
        if encoder.identity == identity {
            return Ok(encoder);
        }
        Err(Error::Unsupported(format!(
            "the rows were embedded by `{identity}`, the encoder `{name}` is now `{}`; embed them again with \
             EMBED(patch, '{name}')",
            encoder.identity
        )))
    }

    pub(crate) fn directions(&self, generator: &str) -> Result<Arc<Directions>> {
        self.shared.store.directions(generator)
    }

    /// Where INVERT starts with these two models.
    pub(crate) fn atlas(&self, generator: &Named<Generator>, encoder: &Named<Encoder>) -> Result<Arc<Atlas>> {
        let key = format!("{} {}", generator.identity, encoder.identity);
        let store = &self.shared.store;
        let bytes = || Ok(Atlas::bytes_needed(generator, encoder));
        store.kept(&store.atlases, "atlas of", &key, bytes, || {
            Ok(Atlas::new(generator, encoder, self)?)
        })
    }

    pub(crate) fn cancel_handle(&self) -> &CancelHandle {
        &self.shared.cancel
    }

    fn flag(&self) -> CancelFlag {
        self.flag.clone().unwrap_or_else(|| self.shared.cancel.last())
    }

    pub(crate) fn check_cancelled(&self) -> Result<()> {
        self.flag().check()
    }

    pub(crate) fn set_callback(&self, callback: Option<ProgressCallback>) {
        *lock(&self.shared.callback) = callback.map(Arc::new);
    }

    pub(crate) fn set_warning(&self, callback: Option<WarningCallback>) {
        *lock(&self.shared.warning) = callback.map(Arc::new);
    }

    /// Says what should be known and is no error.
    pub(crate) fn warn(&self, message: &str) {
        let callback = lock(&self.shared.warning).clone();
        if let Some(callback) = callback {
            callback(message);
        }
    }

    /// The sample remembered under `key`, or the one that `draw` makes.
    pub(crate) fn remember(
        &self,
        key: MemoKey,
        draw: impl FnOnce() -> Result<Sample>,
    ) -> Result<Arc<Sample>> {
        let known = lock(&self.shared.memo).get(&key);
        if let Some(sample) = known {
            return Ok(sample);
        }
        let sample = Arc::new(draw()?);
        let shelf = self.shelf();
        if let Some(memory) = shelf.reserve("sample", sample.bytes()) {
            let kept = shelf.keep(&Held::new(Arc::clone(&sample), memory));
            lock(&self.shared.memo).insert(key, kept);
        }
        Ok(sample)
    }
}

impl Observer for Handle {
    fn report(&self, progress: &Progress) {
        // Work that is to stop goes on for a moment, of which nobody wants to hear.
        if self.is_cancelled() {
            return;
        }
        let callback = lock(&self.shared.callback).clone();
        if let Some(callback) = callback {
            callback(progress);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.flag().is_raised()
    }
}

/// Everything that decides a seeded sample: the generator's identity, the targets by name with the bits of
/// their values, the seed and the tolerance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MemoKey {
    pub(crate) generator: String,
    pub(crate) targets: Vec<(&'static str, u64)>,
    pub(crate) seed: i64,
    pub(crate) tolerance: u64,
}

/// The latest samples, first in first out.
#[derive(Default)]
struct Memo {
    samples: BTreeMap<MemoKey, Kept<Arc<Sample>>>,
    order: VecDeque<MemoKey>,
}

impl Memo {
    fn get(&self, key: &MemoKey) -> Option<Arc<Sample>> {
        let held = self.samples.get(key)?.get()?;
        Some(Arc::clone(&held))
    }

    fn insert(&mut self, key: MemoKey, sample: Kept<Arc<Sample>>) {
        if self.samples.insert(key.clone(), sample).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > MEMO_CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.samples.remove(&oldest);
        }
    }
}
