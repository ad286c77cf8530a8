using System;
using System.IO;

namespace Okdok.Tests
{
    // Removed at the end of the test.
    internal sealed class ScratchFolder : IDisposable
    {
        internal ScratchFolder() => Directory.CreateDirectory(Path);

        internal string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "okdok-" + Guid.NewGuid().ToString("N"));

        public void Dispose() => Directory.Delete(Path, true);

        internal string At(params string[] parts)
        {
            string path = System.IO.Path.Combine(Path, System.IO.Path.Combine(parts));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            return path;
        }
    }
}
