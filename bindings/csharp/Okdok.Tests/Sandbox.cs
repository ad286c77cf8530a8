using System;

namespace Okdok.Tests
{
    // The sandbox with its documented keys and ids.
    internal static class Sandbox
    {
        internal const string Key = "sandbox-key";

        internal static string Url =>
            Environment.GetEnvironmentVariable("OKDOK_SANDBOX") ?? throw new InvalidOperationException("OKDOK_SANDBOX is not set: run scripts/with-servers");

        // Each can be deleted once.
        internal static string NewId() => Guid.NewGuid().ToString();

        internal static OkdokClient Client(string key = Key) => new OkdokClient(Url, key);

        internal static OkdokClient Client(string url, int attempts) =>
            new OkdokClient(url, Key, new OkdokClientOptions { MaxAttempts = attempts });
    }
}
