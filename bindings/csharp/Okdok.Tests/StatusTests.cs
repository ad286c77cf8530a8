using System;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // Each status as the service, the network or a proxy causes it.
    public sealed class StatusTests
    {
        [Fact]
        public void Ok()
        {
            string id = Sandbox.NewId();
            using (OkdokClient client = Sandbox.Client())
            {
                Deletion deletion = client.DeleteSignatureRequest(id);
                Assert.Equal(id, deletion.Id);
                Assert.False(deletion.Presumed);
                Assert.Equal(1, deletion.Attempts);
                Assert.Equal(200, deletion.HttpStatus);
            }
        }

        [Fact]
        public async Task Ok_awaited()
        {
            string id = Sandbox.NewId();
            using (OkdokClient client = Sandbox.Client())
            {
                Deletion deletion = await client.DeleteSignatureRequestAsync(id, TestContext.Current.CancellationToken);
                Assert.Equal(id, deletion.Id);
                Assert.Equal(200, deletion.HttpStatus);
            }
        }

        [Fact]
        public void PresumedDeleted()
        {
            using (FaultServer server = FaultServer.Serve("delete:reset=0", "service"))
            using (OkdokClient client = Sandbox.Client(server.Url, 2))
            {
                Deletion deletion = client.DeleteSignatureRequest("id");
                Assert.True(deletion.Presumed);
                Assert.Equal(2, deletion.Attempts);
                Assert.Equal(400, deletion.HttpStatus);
                Assert.True(server.Deleted("id"));
            }
        }

        [Theory]
        [InlineData("missing-1", Sandbox.Key, OkdokStatus.NotFound, 400, "err.signature.request.not.exist", "missing-1", false)]
        [InlineData("invalid-1", Sandbox.Key, OkdokStatus.BadRequest, 400, "err.invalid", "invalid-1", false)]
        [InlineData("any", "wrong", OkdokStatus.Unauthorized, 401, "", "", false)]
        [InlineData("any", "sandbox-forbidden", OkdokStatus.Forbidden, 403, "", "", false)]
        public async Task The_service_refuses(string id, string key, OkdokStatus status, int http, string code, string value, bool unknown)
        {
            using (OkdokClient client = Sandbox.Client(key))
            {
                OkdokException sync = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest(id));
                OkdokException awaited = await Assert.ThrowsAsync<OkdokException>(
                    () => client.DeleteSignatureRequestAsync(id, TestContext.Current.CancellationToken));
                foreach (OkdokException e in new[] { sync, awaited })
                {
                    Assert.Equal(status, e.Status);
                    Assert.Equal(http, e.HttpStatus);
                    Assert.Equal(code, e.ServiceCode);
                    Assert.Equal(value, e.ServiceValue);
                    Assert.Equal(unknown, e.OutcomeUnknown);
                    Assert.Equal(1, e.Attempts);
                    Assert.Equal(TimeSpan.Zero, e.RetryAfter);
                    Assert.NotEqual("", e.Message);
                }
            }
        }

        [Theory]
        [InlineData("reply=429;retry-after:7", OkdokStatus.RateLimited, 429, false, 7)]
        [InlineData("reply=500", OkdokStatus.ServerError, 500, true, 0)]
        [InlineData("reply=503;retry-after:9", OkdokStatus.ServerError, 503, true, 9)]
        [InlineData("reply=204", OkdokStatus.UnexpectedResponse, 204, true, 0)]
        [InlineData("reply=302;location:/", OkdokStatus.UnexpectedResponse, 302, true, 0)]
        [InlineData("raw=nonsense", OkdokStatus.UnexpectedResponse, 0, true, 0)]
        [InlineData("reset=0", OkdokStatus.ConnectionLost, 0, true, 0)]
        public void The_answer_is_no_answer(string step, OkdokStatus status, int http, bool unknown, int retryAfter)
        {
            using (FaultServer server = FaultServer.Serve(step))
            using (OkdokClient client = Sandbox.Client(server.Url, 1))
            {
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(status, e.Status);
                Assert.Equal(http, e.HttpStatus);
                Assert.Equal(unknown, e.OutcomeUnknown);
                Assert.Equal(TimeSpan.FromSeconds(retryAfter), e.RetryAfter);
                Assert.Equal(1, server.Requests);
            }
        }

        [Fact]
        public void ResolveFailed()
        {
            // A label may have 63 bytes, so the resolver refuses this name without asking any name server.
            string proxy = "http://" + new string('x', 70) + ".invalid:1";
            OkdokClientOptions options = new OkdokClientOptions { MaxAttempts = 1, Proxy = proxy, CaFile = FaultServer.CaFile("good") };
            using (OkdokClient client = new OkdokClient("https://okdok.test", Sandbox.Key, options))
            {
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(OkdokStatus.ResolveFailed, e.Status);
                Assert.False(e.OutcomeUnknown);
            }
        }

        [Fact]
        public void ConnectFailed()
        {
            using (FaultServer server = FaultServer.Closed())
            using (OkdokClient client = Sandbox.Client(server.Url, 1))
            {
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(OkdokStatus.ConnectFailed, e.Status);
                Assert.Equal(0, e.HttpStatus);
                Assert.False(e.OutcomeUnknown);
            }
        }

        [Fact]
        public void TlsFailed()
        {
            using (FaultServer server = FaultServer.Tls("selfsigned", "ok"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, new OkdokClientOptions { CaFile = FaultServer.CaFile("good") }))
            {
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(OkdokStatus.TlsFailed, e.Status);
                Assert.Equal(1, e.Attempts);
                Assert.False(e.OutcomeUnknown);
                Assert.Equal(0, server.Requests);
            }
        }

        [Fact]
        public void TimedOut()
        {
            using (FaultServer server = FaultServer.Serve("silent"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, new OkdokClientOptions { Timeout = TimeSpan.FromSeconds(3) }))
            {
                OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                Assert.Equal(OkdokStatus.TimedOut, e.Status);
                Assert.True(e.OutcomeUnknown);
            }
        }

        [Fact]
        public void ProxyRefused()
        {
            using (FaultServer proxy = FaultServer.Proxy("407"))
            {
                OkdokClientOptions options = new OkdokClientOptions { Proxy = proxy.Url, CaFile = FaultServer.CaFile("good") };
                using (OkdokClient client = new OkdokClient("https://okdok.test", Sandbox.Key, options))
                {
                    OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest("id"));
                    Assert.Equal(OkdokStatus.ProxyRefused, e.Status);
                    Assert.Equal(0, e.HttpStatus);
                    Assert.Equal(1, e.Attempts);
                }
            }
        }
    }
}
