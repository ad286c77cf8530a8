using System;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // The library is made to be tested against: a stand-in needs no service and no native library.
    public sealed class StandInTests
    {
        [Fact]
        public async Task A_stand_in_answers_as_it_likes()
        {
            using (OkdokClient client = new StandIn())
            {
                Deletion deletion = client.DeleteSignatureRequest("id");
                Assert.True(deletion.Presumed);
                Assert.Equal(2, deletion.Attempts);
                Assert.Equal(400, deletion.HttpStatus);
                OkdokException e = await Assert.ThrowsAsync<OkdokException>(
                    () => client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken));
                Assert.Equal(OkdokStatus.RateLimited, e.Status);
                Assert.Equal("later", e.Message);
                Assert.Equal(429, e.HttpStatus);
                Assert.Equal(3, e.Attempts);
                Assert.True(e.OutcomeUnknown);
                Assert.Equal(TimeSpan.FromSeconds(5), e.RetryAfter);
                Assert.Equal("code", e.ServiceCode);
                Assert.Equal("value", e.ServiceValue);
            }
        }

        [Fact]
        public void A_stand_in_that_overrides_nothing_says_so()
        {
            using (OkdokClient client = new Empty())
            {
                Assert.Throws<InvalidOperationException>(() => client.DeleteSignatureRequest("id"));
                Assert.Throws<InvalidOperationException>(() => { _ = client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken); });
            }
        }

        [Fact]
        public void Plain_exceptions_are_internal_errors()
        {
            InvalidOperationException cause = new InvalidOperationException();
            foreach (OkdokException e in new[] { new OkdokException(), new OkdokException("why"), new OkdokException("why", cause) })
            {
                Assert.Equal(OkdokStatus.Internal, e.Status);
                Assert.Equal("", e.ServiceCode);
                Assert.Equal("", e.ServiceValue);
            }

            Assert.Same(cause, new OkdokException("why", cause).InnerException);
        }

        private sealed class Empty : OkdokClient
        {
        }

        private sealed class StandIn : OkdokClient
        {
            public override Deletion DeleteSignatureRequest(string id) => new Deletion(id, true, 2, 400);

            public override Task<Deletion> DeleteSignatureRequestAsync(string id, CancellationToken token = default) =>
                Task.FromException<Deletion>(
                    new OkdokException(OkdokStatus.RateLimited, "later", 429, 3, true, TimeSpan.FromSeconds(5), "code", "value"));
        }
    }
}
