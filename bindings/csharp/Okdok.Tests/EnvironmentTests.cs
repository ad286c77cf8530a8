using System;
using System.IO;
using Xunit;

namespace Okdok.Tests
{
    // Only FromEnvironment reads the environment for a caller.
    [Collection(Alone.Name)]
    public sealed class EnvironmentTests : IDisposable
    {
        private readonly string file = Path.GetTempFileName();

        public EnvironmentTests() => Set("", "", "");

        public void Dispose()
        {
            Set("", "", "");
            File.Delete(file);
        }

        [Fact]
        public void A_base_and_a_key()
        {
            Set(Sandbox.Url, Sandbox.Key, "");
            AssertDeletes();
        }

        [Theory]
        [InlineData("sandbox-key")]
        [InlineData("\ufeff  sandbox-key\r\n")]
        public void A_base_and_a_key_file(string content)
        {
            File.WriteAllText(file, content);
            Set(Sandbox.Url, "", file);
            AssertDeletes();
        }

        [Fact]
        public void Without_a_base_there_is_no_client()
        {
            Set("", Sandbox.Key, "");
            Assert.Contains("OKDOK_BASE_URL", Assert.Throws<ArgumentException>(OkdokClient.FromEnvironment).Message, StringComparison.Ordinal);
        }

        [Fact]
        public void Without_a_key_there_is_no_client()
        {
            Set(Sandbox.Url, "", "");
            Assert.Contains("OKDOK_API_KEY_FILE", Assert.Throws<ArgumentException>(OkdokClient.FromEnvironment).Message, StringComparison.Ordinal);
        }

        [Fact]
        public void Two_keys_are_one_too_many()
        {
            Set(Sandbox.Url, Sandbox.Key, file);
            Assert.Contains("unset one", Assert.Throws<ArgumentException>(OkdokClient.FromEnvironment).Message, StringComparison.Ordinal);
        }

        [Fact]
        public void A_key_file_that_is_not_there()
        {
            Set(Sandbox.Url, "", file + "-missing");
            Assert.Throws<FileNotFoundException>(OkdokClient.FromEnvironment);
        }

        [Fact]
        public void Options_come_first_and_the_environment_fills_the_gaps()
        {
            string id = Sandbox.NewId();
            Set("https://elsewhere.invalid", Sandbox.Key, "");
            using (OkdokClient client = OkdokClient.FromEnvironment(new OkdokClientOptions { BaseUrl = Sandbox.Url }))
            {
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
            }

            // Two keys in the environment do not matter if none is needed.
            Set(Sandbox.Url, "wrong", file);
            using (OkdokClient client = OkdokClient.FromEnvironment(new OkdokClientOptions { ApiKey = Sandbox.Key, MaxAttempts = 1 }))
            {
                Assert.Equal(OkdokStatus.NotFound, Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest(id)).Status);
            }
        }

        private static void AssertDeletes()
        {
            string id = Sandbox.NewId();
            using (OkdokClient client = OkdokClient.FromEnvironment())
            {
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
            }
        }

        private static void Set(string baseUrl, string key, string keyFile)
        {
            Environment.SetEnvironmentVariable("OKDOK_BASE_URL", baseUrl);
            Environment.SetEnvironmentVariable("OKDOK_API_KEY", key);
            Environment.SetEnvironmentVariable("OKDOK_API_KEY_FILE", keyFile);
        }
    }
}
