//! The tensors of a program: what each is in the drawing, and the shapes that the file tells.

use serde_json::Value as Json;
use std::collections::{HashMap, HashSet};

/// The tensors so far.
pub struct Values<'a> {
    /// What the file tells of each.
    told: Option<&'a Json>,
    drawn: HashMap<&'a str, String>,
    /// The tensors that show the numbers of another one.
    views: HashMap<&'a str, &'a str>,
    /// Those whose numbers were changed under another name.
    stale: HashSet<&'a str>,
    /// What a transposed weight is: the weight.
    pub transposed: HashMap<&'a str, &'a str>,
    /// The tensors that tell where another one is above 0.
    pub above: HashMap<&'a str, &'a str>,
    /// The factors of products of two tensors.
    pub products: HashMap<&'a str, [&'a str; 2]>,
}

impl<'a> Values<'a> {
    /// No tensors yet.
    pub fn new(graph: &'a Json) -> Self {
        Self {
            told: graph.get("tensor_values"),
            drawn: HashMap::new(),
            views: HashMap::new(),
            stale: HashSet::new(),
            transposed: HashMap::new(),
            above: HashMap::new(),
            products: HashMap::new(),
        }
    }

    /// Names what a tensor is in the drawing.
    pub fn set(&mut self, name: &'a str, drawn: String) {
        self.drawn.insert(name, drawn);
    }

    /// The tensor in the drawing.
    ///
    /// # Errors
    /// If nothing makes it, or it was changed under another name.
    pub fn get(&self, name: &str) -> Result<String, String> {
        if self.stale.contains(name) {
            return Err(format!(
                "expected {name} as it was made, got it after an operator that changed it in place in another shape; use \
                 inplace=False and export the model again"
            ));
        }
        if let Some(of) = self.above.get(name) {
            return Err(format!(
                "expected numbers, got {name}, which tells where {of} is above 0; use nn.ReLU or nn.PReLU and export the model \
                 again"
            ));
        }
        self.drawn.get(name).cloned().ok_or_else(|| {
            format!("expected a tensor of the file, got {name}, which nothing makes; export the model again")
        })
    }

    /// A tensor shows the numbers of another one.
    pub fn view(&mut self, name: &'a str, of: &'a str) {
        let base = self.base(of);
        self.views.insert(name, base);
    }

    fn base(&self, name: &'a str) -> &'a str {
        self.views.get(name).copied().unwrap_or(name)
    }

    /// An operator has changed `of` in place: the old name stands for the new numbers, and what shows the same numbers in
    /// another shape cannot be read any more.
    pub fn changed(&mut self, of: &'a str, name: &'a str) {
        let base = self.base(of);
        let family: Vec<&'a str> =
            self.views.iter().filter(|(_, own)| **own == base).map(|(view, _)| *view).collect();
        self.stale.extend(family.into_iter().chain([base]).filter(|other| *other != of));
        if let Some(drawn) = self.drawn.get(name).cloned() {
            self.drawn.insert(of, drawn);
        }
        self.views.insert(name, base);
        self.stale.remove(name);
    }

    /// The extents of a tensor; those that are free are `None`.
    pub fn sizes(&self, name: &str) -> Vec<Option<i64>> {
        let sizes = self.told.and_then(|told| told.get(name)?.get("sizes")?.as_array());
        sizes.into_iter().flatten().map(|size| size.get("as_int").and_then(Json::as_i64)).collect()
    }
}
