using System.Linq;
using System.Reflection;

namespace Okdok.Tests
{
    // Where these tests were built, and from which version.
    internal static class Repository
    {
        internal static string Root { get; } = Metadata("OkdokRoot");

        internal static string Version { get; } = typeof(OkdokClient).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

        internal static string Metadata(string key) => typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == key).Value!;
    }
}
