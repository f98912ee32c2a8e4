//! From the bytes of a picture to what the model takes.

use std::io::Cursor;

use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits, RgbImage};

use super::message::{Reason, Refusal};

/// Width and height of what the model takes, in pixels.
pub const SIZE: u32 = 224;

/// What the model was shown in training: the middle of a picture whose shorter side is this, and of
/// that a square of [`SIZE`].
const AROUND: u32 = 256;

/// The widest and the highest picture, in pixels. A file of some bytes can be said to be larger
/// than any memory.
const MAX_SIDE: u32 = 16_384;

/// Bytes that a decoder may take.
const MAX_MEMORY: u64 = 256 << 20;

/// The middle of a picture as the model takes it: all red values line by line, then green, then
/// blue, as (v − 127) / 128.
pub fn prepare(bytes: &[u8]) -> Result<Vec<f32>, Refusal> {
    let picture = decode(bytes).map_err(|error| refusal(&error))?;
    let square = middle(&picture.into_rgb8());
    let channel = |channel| {
        let value = move |pixel: &image::Rgb<u8>| pixel.0.into_iter().nth(channel).map(normal);
        square.pixels().filter_map(value)
    };
    Ok((0..3).flat_map(channel).collect())
}

fn normal(value: u8) -> f32 {
    (f32::from(value) - 127.0) / 128.0
}

/// Decodes what the bytes say they are, whatever the file was called; turned as the camera says.
fn decode(bytes: &[u8]) -> Result<DynamicImage, ImageError> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    // The picture itself counts too, which a decoder does not see to.
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
    let side = (width.min(height) * SIZE / AROUND).max(1);
    let square = crop_imm(picture, (width - side) / 2, (height - side) / 2, side, side).to_image();
    resize(&square, SIZE, SIZE, FilterType::CatmullRom)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb};

    use super::*;

    fn png(picture: &RgbImage) -> Vec<u8> {
        file(picture, ImageFormat::Png)
    }

    fn file(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn colours_come_one_after_the_other_around_zero() {
        let plane = (SIZE * SIZE) as usize;
        let picture = RgbImage::from_pixel(300, 400, Rgb([255, 127, 0]));
        // JPEG does not keep every value.
        for (format, close) in [
            (ImageFormat::Png, 1e-6),
            (ImageFormat::WebP, 1e-6),
            (ImageFormat::Jpeg, 0.05),
        ] {
            let values = prepare(&file(&picture, format)).unwrap();
            assert_eq!(values.len(), 3 * plane);
            let (red, rest) = values.split_at(plane);
            let (green, blue) = rest.split_at(plane);
            for (values, expected) in [(red, 1.0), (green, 0.0), (blue, -127.0 / 128.0)] {
                let all_close = values.iter().all(|value| (value - expected).abs() < close);
                assert!(all_close, "{format:?}: {expected}");
            }
        }
    }

    #[test]
    fn only_the_middle_counts() {
        let white_in_the_middle = RgbImage::from_fn(640, 320, |x, y| {
            let inside = (180..460).contains(&x) && (20..300).contains(&y);
            Rgb([if inside { 255 } else { 0 }; 3])
        });
        let values = prepare(&png(&white_in_the_middle)).unwrap();
        assert!(values.iter().all(|value| (value - 1.0).abs() < 1e-6));
    }

    #[test]
    fn small_pictures_are_pictures() {
        for (width, height) in [(1, 1), (1, 500), (3, 2)] {
            let values = prepare(&png(&RgbImage::new(width, height))).unwrap();
            assert_eq!(values.len(), (3 * SIZE * SIZE) as usize, "{width}×{height}");
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let whole = png(&RgbImage::new(100, 100));
        for bytes in [
            &b""[..],
            b"hello",
            b"\x89PNG\r\n\x1a\n",
            whole.get(..whole.len() / 2).unwrap(),
        ] {
            assert_eq!(
                prepare(bytes).unwrap_err().reason,
                Reason::NotAPicture,
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_picture_of_more_pixels_than_memory_is_refused_by_what_it_says() {
        // The head of a PNG says how large it is: width and height begin at byte 16, their checksum
        // is behind.
        let mut bytes = png(&RgbImage::new(1, 1));
        let mut refused = |width: u32, height: u32| {
            bytes[16..20].copy_from_slice(&width.to_be_bytes());
            bytes[20..24].copy_from_slice(&height.to_be_bytes());
            let checksum = crc32(&bytes[12..29]);
            bytes[29..33].copy_from_slice(&checksum.to_be_bytes());
            prepare(&bytes).unwrap_err().reason
        };
        assert_eq!(refused(MAX_SIDE + 1, 1), Reason::TooLarge);
        assert_eq!(refused(1, MAX_SIDE + 1), Reason::TooLarge);
        // Within the limit of each side, not of both.
        assert_eq!(refused(MAX_SIDE, MAX_SIDE), Reason::TooLarge);
        assert_eq!(refused(u32::MAX, u32::MAX), Reason::TooLarge);
    }

    /// The checksum of PNG (ISO 3309).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 * (crc & 1))
            })
        })
    }
}
