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
    // Awaited calls: on which threads, how many at once, and what cancelling does.
    [Collection(Alone.Name)]
    public sealed class AsyncTests
    {
        [Fact]
        public async Task Calls_run_at_once_and_not_on_the_pool()
        {
            using (FaultServer server = FaultServer.Serve("hold"))
            using (OkdokClient client = new OkdokClient(server.Url, Sandbox.Key))
            {
                ThreadPool.GetAvailableThreads(out int before, out _);
                Task<Deletion>[] calls = Begin(client, 64).ToArray();

                // The server answers nobody before all have asked.
                server.Wait(64);
                ThreadPool.GetAvailableThreads(out int during, out _);
                Assert.InRange(before - during, int.MinValue, 32);
                server.Release();
                Assert.All(await Task.WhenAll(calls), deletion => Assert.Equal("id", deletion.Id));
            }
        }

        [Fact]
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

        [Fact]
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

                // The client and the thread are still good.
                Assert.Equal("next", (await client.DeleteSignatureRequestAsync("next", TestContext.Current.CancellationToken)).Id);
            }
        }

        [Fact]
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

        [Fact]
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

        [Fact]
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

        [Fact]
        public async Task Threads_are_reused_and_end_after_five_idle_seconds()
        {
            ConcurrentDictionary<Thread, int> threads = new ConcurrentDictionary<Thread, int>();
            using (CountdownEvent all = new CountdownEvent(256))
            {
                await Task.WhenAll(Enumerable.Range(0, 256).Select(_ => Run(() => all.Signal(), all.Wait)));
            }

            Assert.Equal(256, threads.Count);
            await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => Run()));
            Assert.Equal(256, threads.Count);

            Stopwatch watch = Stopwatch.StartNew();
            Assert.All(threads.Keys, thread => Assert.True(thread.Join(TimeSpan.FromSeconds(60))));
            Assert.InRange(watch.Elapsed.TotalSeconds, 4, 60);

            Task<Deletion> Run(params Action[] work) => CallThreads.Run(
                () =>
                {
                    Assert.True(Thread.CurrentThread.IsBackground);
                    Assert.False(Thread.CurrentThread.IsThreadPoolThread);
                    threads[Thread.CurrentThread] = 0;
                    Array.ForEach(work, step => step());
                    return new Deletion("id");
                },
                () => { },
                TestContext.Current.CancellationToken);
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
