using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // Awaited calls: which threads they run on, how many run at once, and what cancelling does.
    [Collection(Alone.Name)]
    public sealed class AsyncTests
    {
        [Fact(Timeout = 60_000)]
        public async Task Calls_run_at_once_and_not_on_the_pool()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            {
                ThreadPool.GetAvailableThreads(out int before, out _);
                Task<Deletion>[] calls = Begin(client, 64).ToArray();

                // The server answers no request before all have arrived.
                server.Wait(64);
                ThreadPool.GetAvailableThreads(out int during, out _);
                Assert.InRange(before - during, int.MinValue, 32);
                server.Release();
                Assert.All(await Task.WhenAll(calls), deletion => Assert.Equal("id", deletion.Id));
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task At_most_256_run_and_one_cancelled_in_the_queue_is_never_sent()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            using (CancellationTokenSource cancelled = new CancellationTokenSource())
            {
                Task<Deletion>[] calls = Begin(client, 256).ToArray();
                server.Wait(256);
                Task<Deletion> doomed = client.DeleteSignatureRequestAsync("doomed", cancelled.Token);
                Task<Deletion>[] queued = Begin(client, 10).ToArray();
                Cancel(cancelled);
                OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => doomed);
                Assert.Equal(cancelled.Token, e.CancellationToken);
                Assert.Equal(256, server.Requests);
                server.Release();
                await Task.WhenAll(calls.Concat(queued));
                Assert.Equal(266, server.Requests);
                Assert.DoesNotContain("doomed", string.Concat(Enumerable.Range(1, 266).Select(server.Request)), StringComparison.Ordinal);
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task A_dead_host_holds_up_no_other_client()
        {
            using (FaultServer dead = FaultServer.Serve("hold"))
            using (FaultServer server = FaultServer.Serve("ok"))
            using (OkdokClient stuck = new OkdokClient(dead.Url, Sandbox.Key))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            using (CancellationTokenSource cancelled = new CancellationTokenSource())
            {
                Task<Deletion>[] calls = Enumerable.Range(0, 256).Select(_ => stuck.DeleteSignatureRequestAsync("id", cancelled.Token)).ToArray();
                dead.Wait(256);
                await client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken);
                Assert.DoesNotContain(calls, call => call.IsCompleted);
                Cancel(cancelled);
                Assert.All(calls, call => Assert.True(call.IsCanceled));

                // Nor does it delay its own client, which has its places back. The host still answers none of them.
                Task<Deletion> next = stuck.DeleteSignatureRequestAsync("next", TestContext.Current.CancellationToken);
                dead.Wait(257);
                Assert.False(next.IsCompleted);
                dead.Release();
                Assert.Equal("next", (await next).Id);
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task However_many_there_are_each_ends_at_its_deadline()
        {
            using (FaultServer server = FaultServer.Serve("silent"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key, new OkdokClientOptions { Timeout = TimeSpan.FromSeconds(6), MaxAttempts = 1 }))
            {
                TimeSpan[] took = new TimeSpan[1_500];
                List<Task<OkdokException>> calls = new List<Task<OkdokException>>();
                for (int call = 0; call < took.Length; call++)
                {
                    calls.Add(Fail(call));
                    if (call < 256 && call % 16 == 15)
                    {
                        // If there are more connections at once than it has room for, some have to be made again.
                        server.Wait(call + 1);
                    }
                }

                OkdokException[] failures = await Task.WhenAll(calls);
                Assert.InRange(took.Min().TotalSeconds, 5.9, 10);
                Assert.InRange(took.Max().TotalSeconds, 5.9, 10);
                Assert.DoesNotContain(failures, e => e.Status != OkdokStatus.TimedOut || e.OutcomeUnknown != e.Attempts > 0);
                int sent = failures.Count(e => e.Attempts > 0);

                // If one says that nothing was sent, that is true; one that began late may not have got as far as sending. How many
                // begin late depends on how fast they are made.
                Assert.InRange(server.Requests, 256, sent);

                async Task<OkdokException> Fail(int call)
                {
                    Stopwatch watch = Stopwatch.StartNew();
                    Task<Deletion> deletion = client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken);
                    OkdokException e = await Assert.ThrowsAsync<OkdokException>(() => deletion);
                    took[call] = watch.Elapsed;
                    return e;
                }
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task Cancelled_in_flight_it_returns_at_once_and_the_call_runs_out()
        {
            using (FaultServer server = FaultServer.Serve("delete:hold"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            using (CancellationTokenSource cancelled = new CancellationTokenSource())
            {
                Task<Deletion> call = client.DeleteSignatureRequestAsync("id", cancelled.Token);
                server.Wait(1);
                Cancel(cancelled);

                // Before the server answers.
                OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
                Assert.Equal(cancelled.Token, e.CancellationToken);
                Assert.True(call.IsCanceled);
                Assert.True(server.Deleted("id"));
                server.Release();

                // The client and the thread still work.
                Assert.Equal("next", (await client.DeleteSignatureRequestAsync("next", TestContext.Current.CancellationToken)).Id);
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task Cancelled_before_it_is_never_sent()
        {
            using (FaultServer server = FaultServer.Serve("ok"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            {
                CancellationToken token = new CancellationToken(true);
                OperationCanceledException e = await Assert.ThrowsAnyAsync<OperationCanceledException>(
                    () => client.DeleteSignatureRequestAsync("id", token));
                Assert.Equal(token, e.CancellationToken);
                Assert.Equal(0, server.Connections);
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task Cancelled_afterwards_it_stays_as_it_was()
        {
            using (OkdokClient client = Sandbox.Client())
            using (CancellationTokenSource cancelled = new CancellationTokenSource())
            {
                Task<Deletion> call = client.DeleteSignatureRequestAsync(Sandbox.NewId(), cancelled.Token);
                await call;
                Cancel(cancelled);
                Assert.Equal(TaskStatus.RanToCompletion, call.Status);
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task What_follows_an_await_does_not_run_on_the_threads_for_calls()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            {
                Task<string> follower = NameAfter(client);
                server.Wait(1);
                server.Release();
                Assert.NotEqual("okdok call", await follower);
            }
        }

        private static IEnumerable<Task<Deletion>> Begin(OkdokClient client, int calls) =>
            Enumerable.Range(0, calls).Select(_ => client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken));

        private static async Task<string> NameAfter(OkdokClient client)
        {
            await client.DeleteSignatureRequestAsync("id", TestContext.Current.CancellationToken).ConfigureAwait(false);
            return Thread.CurrentThread.Name ?? "";
        }

        private static void Cancel(CancellationTokenSource source) => source.Cancel();
    }
}
