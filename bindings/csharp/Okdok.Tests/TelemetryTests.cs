#if NET8_0_OR_GREATER
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // Calls as OpenTelemetry would see them.
    [Collection(Alone.Name)]
    public sealed class TelemetryTests : IDisposable
    {
        private readonly ConcurrentQueue<Activity> stopped = new ConcurrentQueue<Activity>();
        private readonly ActivityListener listener;

        public TelemetryTests()
        {
            listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "Okdok",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = stopped.Enqueue,
            };
            ActivitySource.AddActivityListener(listener);
        }

        public void Dispose() => listener.Dispose();

        [Theory]
        [InlineData(false)]
        [InlineData(true)]
        public async Task A_deletion_is_one_client_activity(bool awaited)
        {
            string id = "a b";
            using (FaultServer server = FaultServer.Serve("service"))
            using (OkdokClient client = new OkdokClient(server.Url + "/prefix/", Sandbox.Key))
            using (Activity parent = new Activity("parent").Start())
            {
                await Call(client, id, awaited);

                // The caller's activity is current again.
                Assert.Same(parent, Activity.Current);
                Activity activity = Assert.Single(stopped);
                Assert.Equal("DELETE", activity.OperationName);
                Assert.Equal(ActivityKind.Client, activity.Kind);
                Assert.Equal("Okdok", activity.Source.Name);
                Assert.Equal(Repository.Version, activity.Source.Version);
                Assert.Equal(parent.SpanId, activity.ParentSpanId);
                Assert.Equal(ActivityStatusCode.Unset, activity.Status);
                Dictionary<string, object?> tags = activity.TagObjects.ToDictionary(tag => tag.Key, tag => tag.Value);
                Assert.Equal("DELETE", tags["http.request.method"]);
                Assert.Equal("127.0.0.1", tags["server.address"]);
                Assert.Equal(new Uri(server.Url).Port, tags["server.port"]);
                Assert.Equal(server.Url + "/prefix/JSON/signatureRequest/a%20b", tags["url.full"]);
                Assert.Equal(200, tags["http.response.status_code"]);
                Assert.Equal("Ok", tags["okdok.status"]);
                Assert.Equal(false, tags["okdok.outcome_unknown"]);
                Assert.DoesNotContain("error.type", tags.Keys);
                Assert.DoesNotContain("http.request.resend_count", tags.Keys);
                Assert.DoesNotContain(Sandbox.Key, string.Concat(tags.Values), StringComparison.Ordinal);
                Assert.Equal("okdok.attempt", Assert.Single(activity.Events).Name);

                // The URL that the library used.
                Assert.Contains("DELETE /prefix/JSON/signatureRequest/a%20b ", server.Request(1), StringComparison.Ordinal);
            }
        }

        [Theory]
        [InlineData(false, false)]
        [InlineData(false, true)]
        [InlineData(true, false)]
        [InlineData(true, true)]
        public async Task A_listener_that_throws_does_not_hide_the_outcome(bool awaited, bool atTheStart)
        {
            void Throw(Activity activity) => throw new InvalidOperationException("of the listener");
            using (ActivityListener broken = new ActivityListener())
            using (FaultServer server = FaultServer.Serve("service"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            using (Activity parent = new Activity("parent").Start())
            {
                broken.ShouldListenTo = source => source.Name == "Okdok";
                broken.Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded;
                broken.ActivityStarted = atTheStart ? Throw : null;
                broken.ActivityStopped = atTheStart ? null : Throw;
                ActivitySource.AddActivityListener(broken);
                await Delete();
                OkdokException e = await Assert.ThrowsAsync<OkdokException>(Delete);
                Assert.Equal(OkdokStatus.NotFound, e.Status);

                Task Delete() => Task.Run(async () =>
                {
                    try
                    {
                        await (awaited ? Call(client, "id", true) : Task.FromResult(client.DeleteSignatureRequest("id")));
                    }
                    finally
                    {
                        Assert.Same(parent, Activity.Current);
                    }
                });
            }
        }

        [Theory]
        [InlineData(false)]
        [InlineData(true)]
        public async Task Every_attempt_is_an_event_at_its_time(bool awaited)
        {
            using (FaultServer server = FaultServer.Serve("reply=503", "reset=0"))
            using (OkdokClient client = Sandbox.Client(server.Url, 2))
            {
                OkdokException e = await Assert.ThrowsAsync<OkdokException>(() => Call(client, "id", awaited));
                Activity activity = Assert.Single(stopped);
                Assert.Equal(ActivityStatusCode.Error, activity.Status);
                Assert.Equal(e.Message, activity.StatusDescription);
                Dictionary<string, object?> tags = activity.TagObjects.ToDictionary(tag => tag.Key, tag => tag.Value);
                Assert.Equal("ConnectionLost", tags["error.type"]);
                Assert.Equal("ConnectionLost", tags["okdok.status"]);
                Assert.Equal(true, tags["okdok.outcome_unknown"]);
                Assert.Equal(1, tags["http.request.resend_count"]);
                Assert.DoesNotContain("http.response.status_code", tags.Keys);
                ActivityEvent[] events = activity.Events.ToArray();
                Assert.Equal(2, events.Length);
                Dictionary<string, object?> first = events[0].Tags.ToDictionary(tag => tag.Key, tag => tag.Value);
                Dictionary<string, object?> second = events[1].Tags.ToDictionary(tag => tag.Key, tag => tag.Value);
                Assert.Equal(503, first["http.response.status_code"]);
                Assert.Equal("ServerError", first["okdok.status"]);
                Assert.Equal(0.0, first["okdok.waited"]);
                Assert.Equal("ConnectionLost", second["okdok.status"]);
                Assert.InRange((double)second["okdok.waited"]!, 0.4, 1.1);
                Assert.InRange((events[1].Timestamp - events[0].Timestamp).TotalSeconds, (double)second["okdok.waited"]! - 0.01, 60);
                Assert.InRange(events[0].Timestamp.UtcDateTime, activity.StartTimeUtc.AddMilliseconds(-50), activity.StartTimeUtc + activity.Duration);
            }
        }

        [Fact]
        public async Task An_answer_that_is_an_error_is_its_type()
        {
            using (OkdokClient client = Sandbox.Client("wrong"))
            {
                await Assert.ThrowsAsync<OkdokException>(() => Call(client, Sandbox.NewId(), true));
                Activity activity = Assert.Single(stopped);
                Assert.Equal("401", activity.GetTagItem("error.type"));
                Assert.Equal(401, activity.GetTagItem("http.response.status_code"));
            }
        }

        [Fact]
        public async Task A_cancelled_call_ends_when_its_caller_is_told()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            using (CancellationTokenSource cancelled = new CancellationTokenSource())
            {
                Task<Deletion> call = client.DeleteSignatureRequestAsync("id", cancelled.Token);
                server.Wait(1);
                Assert.Empty(stopped);
                await cancelled.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
                Assert.True(call.IsCanceled);
                Assert.Equal("System.Threading.Tasks.TaskCanceledException", Assert.Single(stopped).GetTagItem("error.type"));
                server.Release();
            }
        }

        [Fact]
        public async Task An_id_that_cannot_be_sent_is_an_activity_too_and_a_listener_that_wants_no_data_gets_none()
        {
            using (ActivityListener sparing = new ActivityListener
            {
                ShouldListenTo = source => source.Name == "Okdok",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
                ActivityStopped = stopped.Enqueue,
            })
            using (OkdokClient client = Sandbox.Client())
            {
                Assert.Throws<ArgumentException>(() => client.DeleteSignatureRequest("a/b"));
                Assert.Equal("System.ArgumentException", Assert.Single(stopped).GetTagItem("error.type"));
                stopped.Clear();
                listener.Dispose();
                ActivitySource.AddActivityListener(sparing);
                await Call(client, Sandbox.NewId(), true);
                Activity activity = Assert.Single(stopped);
                Assert.Empty(activity.TagObjects);
                Assert.Empty(activity.Events);
            }
        }

        [Fact]
        public async Task Without_a_listener_there_is_nothing()
        {
            listener.Dispose();
            using (OkdokClient client = Sandbox.Client())
            using (Activity parent = new Activity("parent").Start())
            {
                await Call(client, Sandbox.NewId(), false);
                await Call(client, Sandbox.NewId(), true);
                Assert.Same(parent, Activity.Current);
                Assert.Empty(stopped);
            }
        }

        private static Task<Deletion> Call(OkdokClient client, string id, bool awaited) =>
            awaited ? client.DeleteSignatureRequestAsync(id, TestContext.Current.CancellationToken) : Task.Run(() => client.DeleteSignatureRequest(id));
    }
}
#endif
