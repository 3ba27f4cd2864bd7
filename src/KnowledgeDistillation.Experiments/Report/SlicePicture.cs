using KnowledgeDistillation.Metrics;
using SkiaSharp;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>An axial slice of a preprocessed case as radiologists see it: front on top, the patient's right on the left.</summary>
internal static class SlicePicture
{
    private const int Edge = 320;
    private const byte Opacity = 150;

    /// <summary>The slice (z) with most tumor; the middle one where there is none.</summary>
    public static int WithMostTumor(byte[] classes, VolumeSize size)
    {
        int area = size.X * size.Y;
        int[] tumor = [.. Enumerable.Range(0, size.Z).Select(z => classes.AsSpan(z * area, area).Length - classes.AsSpan(z * area, area).Count((byte)0))];
        return tumor.Max() == 0 ? size.Z / 2 : Array.IndexOf(tumor, tumor.Max());
    }

    /// <summary>Draws a slice as PNG.</summary>
    /// <param name="image">Normalized intensities, 0 outside the brain.</param>
    /// <param name="classes">Classes to lay over it; null for none.</param>
    /// <param name="size">The size of both.</param>
    /// <param name="z">Which slice.</param>
    public static byte[] Draw(float[] image, byte[]? classes, VolumeSize size, int z)
    {
        double scale = (double)Edge / Math.Max(size.X, size.Y);
        var whole = new SKRect(0, 0, (float)(size.X * scale), (float)(size.Y * scale));
        using var surface = SKSurface.Create(new SKImageInfo((int)whole.Width, (int)whole.Height, SKColorType.Rgba8888, SKAlphaType.Premul));
        surface.Canvas.Clear(SKColors.Black);
        using (SKBitmap gray = Pixels(size, Gray(image.AsSpan(z * size.X * size.Y, size.X * size.Y).ToArray())))
        using (var smooth = new SKPaint { FilterQuality = SKFilterQuality.High })
            surface.Canvas.DrawBitmap(gray, whole, smooth);
        if (classes is not null)
        {
            int start = z * size.X * size.Y;
            using SKBitmap overlay = Pixels(size, index => TissueColors.Of(classes[start + index])?.WithAlpha(Opacity) ?? SKColors.Transparent);
            using var sharp = new SKPaint { FilterQuality = SKFilterQuality.None };
            surface.Canvas.DrawBitmap(overlay, whole, sharp);
        }

        using SKImage picture = surface.Snapshot();
        using SKData png = picture.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static SKBitmap Pixels(VolumeSize size, Func<int, SKColor> colorOf)
    {
        var bitmap = new SKBitmap(size.X, size.Y, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        for (int y = 0; y < size.Y; y++)
        {
            for (int x = 0; x < size.X; x++)
                bitmap.SetPixel(size.X - 1 - x, size.Y - 1 - y, colorOf(x + (size.X * y)));
        }

        return bitmap;
    }

    // Black and white are robust extremes of the brain, so that one bright vessel does not darken all else.
    private static Func<int, SKColor> Gray(float[] slice)
    {
        float[] brain = [.. slice.Where(value => value != 0).Order()];
        if (brain.Length == 0)
            return _ => SKColors.Black;
        (float low, float high) = (brain[brain.Length / 100], brain[^Math.Max(1, brain.Length / 200)]);
        return index =>
        {
            if (slice[index] == 0)
                return SKColors.Black;
            // From dark gray, so that the darkest tissue can be told from the background.
            byte level = (byte)Math.Clamp(25 + (230 * (slice[index] - low) / Math.Max(high - low, 1e-6f)), 0, 255);
            return new SKColor(level, level, level);
        };
    }
}
