//! The model: EfficientNet-Lite0, run by `rten`, and its input from a picture.

use std::error::Error;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage};
use rten::Model as Network;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;

use super::wire::{Likely, Reason, Refusal};

/// Width and height of the model's input, in pixels.
const SIZE: u32 = 224;
/// The shorter side of a picture in training, of which the model was shown the middle.
const SHORTER_SIDE: u32 = 256;
/// The greatest width and height of a picture, in pixels: a small file can declare any.
const MAX_SIDE: u32 = 16_384;
/// The memory for decoding, in bytes.
const MAX_MEMORY: u64 = 256 << 20;

/// A model that is ready.
pub struct Model {
    network: Network,
    classes: Vec<String>,
}

/// A model that is damaged, or another.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no model that can be used; remove it, and exercises/model/fetch gets it anew")]
pub struct ModelError(PathBuf, #[source] Box<dyn Error + Send + Sync>);

impl Model {
    /// Loads the model of a folder, if it has one, and tries it.
    pub fn load(folder: &Path) -> Result<Option<Self>, ModelError> {
        let network_path = folder.join("efficientnet-lite0.onnx");
        let classes_path = folder.join("classes.txt");
        if !network_path.exists() || !classes_path.exists() {
            return Ok(None);
        }
        let network = Network::load_file(&network_path)
            .map_err(|error| ModelError(network_path, error.into()))?;
        let classes = fs::read_to_string(&classes_path)
            .map_err(|error| ModelError(classes_path, error.into()))?;
        let classes = classes.lines().map(str::to_owned).collect();
        let model = Self { network, classes };
        let black = vec![0.0; (3 * SIZE * SIZE) as usize];
        let unusable = |error| ModelError(folder.to_owned(), error);
        model.scores(black).map_err(unusable)?;
        Ok(Some(model))
    }

    /// Returns all classes with their scores for a picture.
    pub fn recognise(&self, picture: &[u8]) -> Result<Vec<Likely>, Refusal> {
        let failed =
            |error: Box<dyn Error + Send + Sync>| Reason::Failed.because(error.to_string());
        self.scores(input(picture)?).map_err(failed)
    }

    fn scores(&self, input: Vec<f32>) -> Result<Vec<Likely>, Box<dyn Error + Send + Sync>> {
        let input = NdTensor::from_data([1, 3, SIZE as usize, SIZE as usize], input);
        let output = self.network.run_one(input.view().into(), None)?;
        let scores: NdTensor<f32, 2> = output.try_into()?;
        let (scores, classes) = (scores.to_vec(), &self.classes);
        if scores.len() != classes.len() {
            let (scores, classes) = (scores.len(), classes.len());
            return Err(format!("{scores} scores for {classes} classes").into());
        }
        let likely = |(score, name): (f32, &String)| {
            let name = name.clone();
            Likely { name, score }
        };
        Ok(scores.into_iter().zip(classes).map(likely).collect())
    }
}

/// Makes the model's input of a picture: the red values of its middle line by line, then the green,
/// then the blue, each as (v − 127) / 128.
fn input(picture: &[u8]) -> Result<Vec<f32>, Refusal> {
    let picture = decode(picture).map_err(|error| refusal(&error))?;
    let square = middle(&picture.into_rgb8());
    let normal = |value: u8| (f32::from(value) - 127.0) / 128.0;
    let channel = |channel| {
        let value = move |pixel: &image::Rgb<u8>| pixel.0.into_iter().nth(channel).map(normal);
        square.pixels().filter_map(value)
    };
    Ok((0..3).flat_map(channel).collect())
}

/// Decodes a picture by its first bytes, and turns it as the camera says.
fn decode(picture: &[u8]) -> Result<DynamicImage, ImageError> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    // A decoder does not count the picture itself.
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn refusal(error: &ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Reason::TooLarge.because(format!(
            "more pixels than are taken here ({MAX_SIDE} in a row, and {} MiB in all)",
            MAX_MEMORY >> 20
        )),
        error => Reason::NotAPicture.because(format!("PNG, JPEG and WebP are read here ({error})")),
    }
}

fn middle(picture: &RgbImage) -> RgbImage {
    let (width, height) = picture.dimensions();
    let side = (width.min(height) * SIZE / SHORTER_SIDE).max(1);
    let square = crop_imm(picture, (width - side) / 2, (height - side) / 2, side, side).to_image();
    resize(&square, SIZE, SIZE, FilterType::CatmullRom)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb};

    use super::*;

    fn file(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn png(picture: &RgbImage) -> Vec<u8> {
        file(picture, ImageFormat::Png)
    }

    #[test]
    fn colours_follow_each_other_around_zero() {
        let picture = RgbImage::from_pixel(300, 400, Rgb([255, 127, 0]));
        // JPEG does not keep every value.
        for (format, tolerance) in [
            (ImageFormat::Png, 1e-6),
            (ImageFormat::WebP, 1e-6),
            (ImageFormat::Jpeg, 0.05),
        ] {
            let input = input(&file(&picture, format)).unwrap();
            let planes = input.chunks_exact((SIZE * SIZE) as usize);
            assert_eq!(planes.len(), 3);
            for (plane, expected) in planes.zip([1.0, 0.0, -127.0 / 128.0]) {
                let is_close = |value: &f32| (value - expected).abs() < tolerance;
                assert!(plane.iter().all(is_close), "{format:?}: {expected}");
            }
        }
    }

    #[test]
    fn the_middle_alone_counts() {
        let white_in_the_middle = RgbImage::from_fn(640, 320, |x, y| {
            let is_inside = (180..460).contains(&x) && (20..300).contains(&y);
            Rgb([if is_inside { 255 } else { 0 }; 3])
        });
        let input = input(&png(&white_in_the_middle)).unwrap();
        assert!(input.iter().all(|value| (value - 1.0).abs() < 1e-6));
    }

    #[test]
    fn small_pictures_are_enlarged() {
        for (width, height) in [(1, 1), (1, 500), (3, 2)] {
            let input = input(&png(&RgbImage::new(width, height))).unwrap();
            assert_eq!(input.len(), (3 * SIZE * SIZE) as usize, "{width}×{height}");
        }
    }

    #[test]
    fn other_bytes_are_not_a_picture() {
        let whole = png(&RgbImage::new(100, 100));
        let half = whole.get(..whole.len() / 2).unwrap();
        for bytes in [b"", &b"hello"[..], b"\x89PNG\r\n\x1a\n", half] {
            assert_eq!(
                input(bytes).unwrap_err().reason,
                Reason::NotAPicture,
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn too_many_pixels_are_refused_as_declared() {
        let reason = |width: u32, height: u32| {
            let mut bytes = png(&RgbImage::new(1, 1));
            // The head of a PNG: the sides from byte 16, and the checksum of bytes 12 to 28.
            bytes[16..20].copy_from_slice(&width.to_be_bytes());
            bytes[20..24].copy_from_slice(&height.to_be_bytes());
            let checksum = crc32(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
            input(&bytes).unwrap_err().reason
        };
        assert_eq!(reason(MAX_SIDE + 1, 1), Reason::TooLarge);
        assert_eq!(reason(1, MAX_SIDE + 1), Reason::TooLarge);
        // Each side is within its limit, but not the memory.
        assert_eq!(reason(MAX_SIDE, MAX_SIDE), Reason::TooLarge);
        assert_eq!(reason(u32::MAX, u32::MAX), Reason::TooLarge);
    }

    /// The checksum of PNG (ISO 3309).
    fn crc32(bytes: &[u8]) -> u32 {
        let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1));
        let next = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
        !bytes.iter().fold(u32::MAX, next)
    }
}
