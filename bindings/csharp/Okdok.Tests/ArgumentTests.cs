using System;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // What is refused before it is sent.
    public sealed class ArgumentTests
    {
        [Theory]
        [InlineData("")]
        [InlineData("a/b")]
        [InlineData("a\\b")]
        [InlineData(".")]
        [InlineData("..")]
        [InlineData("a\nb")]
        [InlineData("a\0b")]
        [InlineData("\0")]
        [InlineData(" 1")]
        [InlineData("1 ")]
        [InlineData("\ufeff1")]
        [InlineData("1\u200b2")]
        [InlineData("1\u00a02")]
        public async Task A_forbidden_id_is_an_ArgumentException(string id)
        {
            using (FaultServer server = FaultServer.Serve("ok"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            {
                string message = Assert.Throws<ArgumentException>("id", () => client.DeleteSignatureRequest(id)).Message;
                await Assert.ThrowsAsync<ArgumentException>("id", () => client.DeleteSignatureRequestAsync(id, TestContext.Current.CancellationToken));
                Assert.Equal(0, server.Connections);

                // A dry run says the same.
                Assert.Equal(message, Assert.Throws<ArgumentException>("id", () => OkdokClient.CheckId(id)).Message);
            }
        }

        // Attributes cannot contain these.
        [Fact]
        public async Task A_lone_surrogate_is_an_ArgumentException_that_names_what_it_is_in_and_does_not_quote_it()
        {
            foreach (char half in new[] { '\ud800', '\udc00' })
            {
                string text = "secret" + half;
                Refused("baseUrl", () => new OkdokClient(text, Sandbox.Key));
                Refused("apiKey", () => new OkdokClient(Sandbox.Url, text));
                Refused("CaFile", () => new OkdokClient(Sandbox.Url, Sandbox.Key, new OkdokClientOptions { CaFile = text }));
                Refused("Proxy", () => new OkdokClient(Sandbox.Url, Sandbox.Key, new OkdokClientOptions { Proxy = text }));
                Refused("UserAgent", () => new OkdokClient(Sandbox.Url, Sandbox.Key, new OkdokClientOptions { UserAgent = text }));
                using (OkdokClient client = Sandbox.Client())
                {
                    Refused("id", () => client.DeleteSignatureRequest(text));
                    await Assert.ThrowsAsync<ArgumentException>("id", () => client.DeleteSignatureRequestAsync(text, TestContext.Current.CancellationToken));
                }
            }

            void Refused(string parameter, Func<object> call)
            {
                ArgumentException e = Assert.Throws<ArgumentException>(parameter, call);
                Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
            }
        }

        [Fact]
        public void An_id_too_long_is_an_ArgumentException()
        {
            using (FaultServer server = FaultServer.Serve("ok"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            {
                // 256 bytes.
                string longest = new string('é', 128);
                Assert.Throws<ArgumentException>("id", () => client.DeleteSignatureRequest(longest + "x"));
                Assert.Throws<ArgumentException>("id", () => OkdokClient.CheckId(longest + "x"));
                OkdokClient.CheckId(longest);
                Assert.Equal(longest, client.DeleteSignatureRequest(longest).Id);
            }
        }

        [Theory]
        [InlineData("žluťoučký 🐴")]
        [InlineData("a%2Fb?c#d")]
        [InlineData("...")]
        public void Any_other_text_is_an_id(string id)
        {
            using (FaultServer server = FaultServer.Serve("service"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            {
                OkdokClient.CheckId(id);
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
                Assert.True(server.Deleted(id));
            }
        }

        [Theory]
        [InlineData("")]
        [InlineData("with space")]
        [InlineData("ké")]
        [InlineData("a\0b")]
        public void A_forbidden_key_is_an_ArgumentException_that_does_not_quote_it(string key)
        {
            ArgumentException e = Assert.Throws<ArgumentException>("apiKey", () => new OkdokClient(Sandbox.Url, key));
            Assert.True(key.Length == 0 || e.Message.IndexOf(key, StringComparison.Ordinal) < 0, e.Message);
        }

        [Theory]
        [InlineData("")]
        [InlineData("http://example.test")]
        [InlineData("ftp://localhost")]
        [InlineData("https://user@localhost")]
        [InlineData("https://localhost\0.example.test")]
        public void A_forbidden_base_is_an_ArgumentException(string baseUrl) =>
            Assert.Throws<ArgumentException>("baseUrl", () => new OkdokClient(baseUrl, Sandbox.Key));

        [Fact]
        public void A_relative_Uri_is_an_ArgumentException() =>
            Assert.Throws<ArgumentException>("baseUrl", () => new OkdokClient(new Uri("/JSON", UriKind.Relative), Sandbox.Key));

        [Fact]
        public void Null_is_an_ArgumentNullException_that_names_it()
        {
            string text = Null<string>();
            Assert.Throws<ArgumentNullException>("baseUrl", () => new OkdokClient(text, Sandbox.Key));
            Assert.Throws<ArgumentNullException>("baseUrl", () => new OkdokClient(Null<Uri>(), Sandbox.Key));
            Assert.Throws<ArgumentNullException>("apiKey", () => new OkdokClient(Sandbox.Url, text));
            Assert.Throws<ArgumentNullException>("options", () => new OkdokClient(Sandbox.Url, Sandbox.Key, Null<OkdokClientOptions>()));
            using (OkdokClient client = Sandbox.Client())
            {
                Assert.Throws<ArgumentNullException>("id", () => client.DeleteSignatureRequest(text));
                Assert.Throws<ArgumentNullException>("id", () => { _ = client.DeleteSignatureRequestAsync(text, TestContext.Current.CancellationToken); });
            }

            Assert.Throws<ArgumentNullException>("options", () => new OkdokClient(Null<OkdokClientOptions>()));
            Assert.Throws<ArgumentNullException>("options", () => OkdokClient.FromEnvironment(Null<OkdokClientOptions>()));
            Assert.Throws<ArgumentNullException>("id", () => OkdokClient.CheckId(text));
            Assert.Throws<ArgumentNullException>("id", () => new Deletion(text));
            Assert.Throws<ArgumentNullException>("serviceCode", () => new OkdokException(OkdokStatus.Ok, "", serviceCode: text));
            Assert.Throws<ArgumentNullException>("serviceValue", () => new OkdokException(OkdokStatus.Ok, "", serviceValue: text));
        }

        [Fact]
        public void A_Uri_is_a_base()
        {
            string id = Sandbox.NewId();
            using (OkdokClient client = new OkdokClient(new Uri(Sandbox.Url), Sandbox.Key, new OkdokClientOptions()))
            {
                Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
            }

            using (OkdokClient client = new OkdokClient(new Uri(Sandbox.Url + "/JSON"), Sandbox.Key))
            {
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest(id));
                Assert.Equal(OkdokStatus.NotFound, e.Status);
            }
        }

        // What a caller without nullable annotations may pass.
        private static T Null<T>()
            where T : class => default!;
    }
}
