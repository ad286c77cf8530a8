using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace Okdok.Tests
{
    // Each option has its effect.
    [Collection(Alone.Name)]
    public sealed class OptionsTests
    {
        [Fact]
        public void Texts_are_unset_by_default()
        {
            OkdokClientOptions options = new OkdokClientOptions();
            Assert.Null(options.CaFile);
            Assert.Null(options.Proxy);
            Assert.Null(options.UserAgent);
            Assert.Equal("", options.BaseUrl);
            Assert.Equal("", options.ApiKey);
        }

        [Theory]
        [InlineData(1, 1u)]
        [InlineData(9_999, 1u)]
        [InlineData(10_000, 1u)]
        [InlineData(10_001, 2u)]
        [InlineData(TimeSpan.TicksPerDay, 86_400_000u)]
        public void Time_outs_are_rounded_up_to_a_millisecond(long ticks, uint milliseconds)
        {
            OkdokClientOptions options = new OkdokClientOptions { Timeout = TimeSpan.FromTicks(ticks), ConnectTimeout = TimeSpan.FromTicks(ticks) };
            Assert.Equal(milliseconds, OkdokClientOptions.Milliseconds(options.Timeout));
            Assert.Equal(milliseconds, OkdokClientOptions.Milliseconds(options.ConnectTimeout));
        }

        [Theory]
        [InlineData(0)]
        [InlineData(-1)]
        [InlineData(-10_000)]
        [InlineData(TimeSpan.TicksPerDay + 1)]
        [InlineData(long.MaxValue)]
        [InlineData(long.MinValue)]
        public void Time_outs_out_of_range_are_refused(long ticks)
        {
            OkdokClientOptions options = new OkdokClientOptions();
            Assert.Throws<ArgumentOutOfRangeException>("Timeout", () => options.Timeout = TimeSpan.FromTicks(ticks));
            Assert.Throws<ArgumentOutOfRangeException>("ConnectTimeout", () => options.ConnectTimeout = TimeSpan.FromTicks(ticks));
        }

        [Fact]
        public void Thirty_that_became_days_is_refused_with_the_way_to_write_it()
        {
            OkdokClientOptions options = new OkdokClientOptions();
            TimeSpan parsed = TimeSpan.Parse("30", System.Globalization.CultureInfo.InvariantCulture);
            string message = Assert.Throws<ArgumentOutOfRangeException>(() => options.Timeout = parsed).Message;
            Assert.Contains("30 means 30 days: write 00:00:30 for 30 seconds", message, StringComparison.Ordinal);
        }

        [Fact]
        public void Null_means_the_default_of_every_text()
        {
            OkdokClientOptions options = new OkdokClientOptions { BaseUrl = null, ApiKey = null, CaFile = null, Proxy = null, UserAgent = null };
            Assert.Equal("", options.BaseUrl);
            Assert.Equal("", options.ApiKey);
            string id = Sandbox.NewId();
            using (OkdokClient client = new OkdokClient(Sandbox.Url, Sandbox.Key, options))
            {
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
            }
        }

        [Fact]
        public void ToString_shows_neither_key_nor_proxy()
        {
            OkdokClientOptions options = new OkdokClientOptions
            {
                BaseUrl = "https://service.test",
                ApiKey = "secret-key",
                Proxy = "http://user:secret-password@proxy.test",
            };
            string text = options.ToString();
            Assert.Contains("https://service.test", text, StringComparison.Ordinal);
            Assert.Contains("00:00:30", text, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
            Assert.Contains("ApiKey not set", new OkdokClientOptions().ToString(), StringComparison.Ordinal);
        }

        [Fact]
        public void Options_alone_make_a_client()
        {
            string id = Sandbox.NewId();
            using (OkdokClient client = new OkdokClient(new OkdokClientOptions { BaseUrl = Sandbox.Url, ApiKey = Sandbox.Key }))
            {
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
            }

            Assert.Throws<ArgumentException>("BaseUrl", () => new OkdokClient(new OkdokClientOptions { ApiKey = Sandbox.Key }));
            Assert.Throws<ArgumentException>("ApiKey", () => new OkdokClient(new OkdokClientOptions { BaseUrl = Sandbox.Url }));
        }

        [Fact]
        public void Arguments_win_over_options()
        {
            string id = Sandbox.NewId();
            using (OkdokClient client = new OkdokClient(
                Sandbox.Url, Sandbox.Key, new OkdokClientOptions { BaseUrl = "https://elsewhere.invalid", ApiKey = "another" }))
            {
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
            }
        }

        [Fact]
        public void Fewer_attempts_than_one_are_refused()
        {
            OkdokClientOptions options = new OkdokClientOptions();
            Assert.Throws<ArgumentOutOfRangeException>("MaxAttempts", () => options.MaxAttempts = 0);
            Assert.Throws<ArgumentOutOfRangeException>("MaxAttempts", () => options.MaxAttempts = -1);
        }

        [Fact]
        public void Timeout_bounds_the_call()
        {
            // Half of it is for connecting, which may take a while on a busy machine.
            using (FaultServer server = FaultServer.Serve("silent"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, new OkdokClientOptions { Timeout = TimeSpan.FromSeconds(3) }))
            {
                Stopwatch watch = Stopwatch.StartNew();
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(OkdokStatus.TimedOut, e.Status);
                Assert.InRange(watch.ElapsedMilliseconds, 2_950, 10_000);
            }
        }

        [Fact]
        public void ConnectTimeout_bounds_the_handshake()
        {
            OkdokClientOptions options = new OkdokClientOptions
            {
                ConnectTimeout = TimeSpan.FromMilliseconds(200),
                MaxAttempts = 1,
                CaFile = FaultServer.CaFile("good"),
            };
            using (FaultServer server = FaultServer.Tls("mute", "ok"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, options))
            {
                Stopwatch watch = Stopwatch.StartNew();
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(OkdokStatus.ConnectFailed, e.Status);
                Assert.InRange(watch.ElapsedMilliseconds, 150, 9_000);
            }
        }

        [Theory]
        [InlineData(1)]
        [InlineData(2)]
        public void MaxAttempts_is_the_number_of_attempts(int attempts)
        {
            using (FaultServer server = FaultServer.Serve("reset=0"))
            using (OkdokClient client = Sandbox.Client(server.Url, attempts))
            {
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(attempts, e.Attempts);
                Assert.Equal(attempts, server.Requests);
            }
        }

        [Fact]
        public void CaFile_is_trusted()
        {
            using (FaultServer server = FaultServer.Tls("good", "ok"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, new OkdokClientOptions { CaFile = FaultServer.CaFile("good") }))
            {
                Assert.Equal("id", client.DeleteSignatureRequest("id").Id);
            }
        }

        [Theory]
        [InlineData("/nowhere/ca.pem")]
        [InlineData("ca\0.pem")]
        public void A_CaFile_that_cannot_be_read_is_an_ArgumentException(string path) =>
            Assert.Throws<ArgumentException>("CaFile", () => new OkdokClient(Sandbox.Url, Sandbox.Key, new OkdokClientOptions { CaFile = path }));

        [Fact]
        public void Proxy_is_used()
        {
            using (FaultServer server = FaultServer.Tls("good", "ok"))
            using (FaultServer proxy = FaultServer.Proxy("tunnel=" + new Uri(server.Url).Port))
            {
                // Only names go through a proxy, never loopback addresses; the certificate is for localhost.
                OkdokClientOptions options = new OkdokClientOptions { Proxy = proxy.Url, CaFile = FaultServer.CaFile("good"), MaxAttempts = 1 };
                using (OkdokClient client = new OkdokClient("https://okdok.test", Sandbox.Key, options))
                {
                    OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                    Assert.Equal(OkdokStatus.TlsFailed, e.Status);
                    Assert.Equal(1, server.Connections);
                }
            }
        }

        [Fact]
        public void A_null_Proxy_is_the_environments_and_an_empty_one_is_none()
        {
            Assert.SkipUnless(RuntimeInformation.IsOSPlatform(OSPlatform.Linux), "the C environment is set by libc.so.6");
            using (FaultServer server = FaultServer.Tls("good", "ok"))
            using (FaultServer proxy = FaultServer.Proxy("403"))
            {
                // Reaches this machine, but does not count as loopback, for which the library never uses a proxy.
                string url = "https://0.0.0.0:" + new Uri(server.Url).Port;
                OkdokClientOptions options = new OkdokClientOptions { CaFile = FaultServer.CaFile("good"), MaxAttempts = 1 };
                SetEnvironment("HTTPS_PROXY", proxy.Url);
                try
                {
                    Assert.Null(options.Proxy);
                    Assert.Equal(OkdokStatus.ProxyRefused, Fail(url, options));
                    Assert.Equal(1, proxy.Connections);
                    options.Proxy = "";
                    Assert.Equal(OkdokStatus.TlsFailed, Fail(url, options));
                    Assert.Equal(1, proxy.Connections);
                    Assert.Equal(1, server.Connections);
                }
                finally
                {
                    SetEnvironment("HTTPS_PROXY", "");
                }
            }
        }

        [Theory]
        [InlineData("ftp://127.0.0.1:1")]
        [InlineData("http://")]
        [InlineData("http://127.0.0.1:1\0")]
        public void A_bad_Proxy_is_an_ArgumentException(string proxy) =>
            Assert.Throws<ArgumentException>("Proxy", () => new OkdokClient(Sandbox.Url, Sandbox.Key, new OkdokClientOptions { Proxy = proxy }));

        [Fact]
        public void UserAgent_comes_first()
        {
            using (FaultServer server = FaultServer.Serve("ok"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, new OkdokClientOptions { UserAgent = "archive/2" }))
            {
                client.DeleteSignatureRequest("id");
                Assert.Contains("user-agent: archive/2 okdok/" + Repository.Version, server.Request(1), StringComparison.OrdinalIgnoreCase);
            }
        }

        [Theory]
        [InlineData("a\r\nx-injected: 1")]
        [InlineData("a\0")]
        public void A_bad_UserAgent_is_an_ArgumentException(string agent) =>
            Assert.Throws<ArgumentException>("UserAgent", () => new OkdokClient(Sandbox.Url, Sandbox.Key, new OkdokClientOptions { UserAgent = agent }));

        [Fact]
        public void Options_are_copied_at_construction()
        {
            OkdokClientOptions options = new OkdokClientOptions { UserAgent = "before", MaxAttempts = 1 };
            using (FaultServer server = FaultServer.Serve("reply=429"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, options))
            {
                options.UserAgent = "after";
                options.MaxAttempts = 3;
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(1, e.Attempts);
                Assert.Contains("before okdok/", server.Request(1), StringComparison.Ordinal);
            }
        }

        private static OkdokStatus Fail(string url, OkdokClientOptions options)
        {
            using (OkdokClient client = new OkdokClient(url, Sandbox.Key, options))
            {
                return Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id")).Status;
            }
        }

        // .NET keeps its own copy of the environment, which C does not see.
        private static unsafe void SetEnvironment(string name, string value)
        {
            fixed (byte* nameBytes = NativeText.Encode(name, nameof(name)))
            fixed (byte* valueBytes = NativeText.Encode(value, nameof(value)))
            {
                Assert.Equal(0, setenv(nameBytes, valueBytes, 1));
            }
        }

        [DllImport("libc.so.6")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        private static extern unsafe int setenv(byte* name, byte* value, int overwrite);
    }
}
