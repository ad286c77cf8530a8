using System;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // Code that uses the library can be tested with a stand-in, which needs no service and no native library.
    public sealed class StandInTests
    {
        [Fact]
        public async Task A_stand_in_answers_as_it_likes()
        {
            using (IOkdokClient client = new StandIn())
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
                Assert.Equal(TimeSpan.FromSeconds(9), e.Elapsed);
                OkdokAttempt attempt = Assert.Single(e.AttemptLog);
                Assert.Equal(OkdokStatus.ServerError, attempt.Status);
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
                Assert.Empty(e.AttemptLog);

                // An exception made from a message alone does not say that nothing was deleted.
                Assert.True(e.OutcomeUnknown);
            }

            Assert.True(new OkdokException(OkdokStatus.TimedOut, "why").OutcomeUnknown);

            Assert.Same(cause, new OkdokException("why", cause).InnerException);
        }

        [Fact]
        public void ToString_tells_what_is_known()
        {
            string text = new OkdokException(OkdokStatus.TimedOut, "too slow", 503, 2).ToString();
            Assert.Equal("Okdok.OkdokException: too slow (TimedOut, HTTP 503, attempts: 2, outcome unknown)", text);
            text = new OkdokException(OkdokStatus.NotFound, "not there", 400, 1, false).ToString();
            Assert.Contains("not there (NotFound, HTTP 400, attempts: 1, outcome known)", text, StringComparison.Ordinal);
            text = new OkdokException("why", new InvalidOperationException("cause")).ToString();
            Assert.Contains("why (Internal, HTTP 0, attempts: 0, outcome unknown)", text, StringComparison.Ordinal);
            Assert.Contains("cause", text, StringComparison.Ordinal);
            Assert.Equal("Deleted id (Ok, HTTP 200, attempts: 1, outcome known)", new Deletion("id").ToString());
            Assert.Equal("Presumably deleted id (PresumedDeleted, HTTP 400, attempts: 2, outcome known)", new Deletion("id", true, 2, 400).ToString());
            Assert.Equal(
                "ServerError, HTTP 503, waited 0.75 s, took 1.0 s",
                new OkdokAttempt(OkdokStatus.ServerError, 503, TimeSpan.FromSeconds(0.75), TimeSpan.FromSeconds(1)).ToString());
        }

        private sealed class Empty : OkdokClient
        {
        }

        private sealed class StandIn : OkdokClient
        {
            public override Deletion DeleteSignatureRequest(string id) => new Deletion(id, true, 2, 400);

            public override Task<Deletion> DeleteSignatureRequestAsync(string id, CancellationToken cancellationToken = default) =>
                Task.FromException<Deletion>(
                    new OkdokException(OkdokStatus.RateLimited, "later", 429, 3, true, TimeSpan.FromSeconds(5), "code", "value", TimeSpan.FromSeconds(9), new[] { new OkdokAttempt(OkdokStatus.ServerError, 503) }));
        }
    }
}
