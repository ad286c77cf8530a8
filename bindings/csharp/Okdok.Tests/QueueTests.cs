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
    // The threads for awaited calls and the places of one client. Their work waits for the test.
    [Collection(Alone.Name)]
    public sealed class QueueTests
    {
        private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

        [Theory(Timeout = 60_000)]
        [InlineData(600)]
        [InlineData(0)]
        public async Task Threads_are_reused_until_they_were_idle_for_long(int seconds)
        {
            ConcurrentDictionary<Thread, int> threads = new ConcurrentDictionary<Thread, int>();
            CallQueue queue = new CallQueue(new CallThreads(TimeSpan.FromSeconds(seconds)), Long);
            using (CountdownEvent all = new CountdownEvent(CallQueue.Places))
            {
                await Task.WhenAll(Enumerable.Range(0, CallQueue.Places).Select(_ => Begin(() => all.Signal(), all.Wait)));
            }

            Assert.Equal(CallQueue.Places, threads.Count);
            if (seconds == 0)
            {
                Assert.All(threads.Keys, thread => Assert.True(thread.Join(Long)));
                return;
            }

            // One after the other: a thread that has just completed a task may not be idle yet.
            for (int i = 0; i < 1_000; i++)
            {
                await Begin();
            }

            Assert.InRange(threads.Count, CallQueue.Places, 2 * CallQueue.Places);

            Task<Deletion> Begin(params Action[] work) => Run(queue, () =>
            {
                Assert.True(Thread.CurrentThread.IsBackground);
                Assert.False(Thread.CurrentThread.IsThreadPoolThread);
                threads[Thread.CurrentThread] = 0;
                Array.ForEach(work, step => step());
            });
        }

        [Fact(Timeout = 60_000)]
        public async Task A_thread_does_not_keep_what_its_first_caller_had_in_AsyncLocals()
        {
            AsyncLocal<string> local = new AsyncLocal<string> { Value = "large" };
            string seen = "";
            await Run(new CallQueue(new CallThreads(TimeSpan.Zero), Long), () => seen = local.Value ?? "nothing");
            Assert.Equal("nothing", seen);
            Assert.Equal("large", local.Value);
        }

        [Fact(Timeout = 60_000)]
        public async Task A_thread_is_large_enough_for_an_exception_from_deep_inside()
        {
            OkdokException e = await Assert.ThrowsAsync<OkdokException>(
                () => Run(new CallQueue(new CallThreads(TimeSpan.Zero), Long), () => Dig(200)));
            Assert.Equal("deep", e.Message);
        }

        [Fact(Timeout = 60_000)]
        public async Task A_cancelled_call_gives_back_its_place_and_the_next_ends_at_its_own_deadline()
        {
            CallQueue queue = new CallQueue(CallThreads.Shared, TimeSpan.FromSeconds(5));
            using (ManualResetEventSlim gate = new ManualResetEventSlim())
            using (CountdownEvent begun = new CountdownEvent(CallQueue.Places))
            using (ManualResetEventSlim lateBegun = new ManualResetEventSlim())
            using (CancellationTokenSource cancelled = new CancellationTokenSource())
            {
                List<Task<Deletion>> calls = Begin(queue, CallQueue.Places, begun, gate, cancelled.Token);
                begun.Wait();
                Stopwatch watch = Stopwatch.StartNew();
                Task<Deletion> late = Run(queue, () => Signal(lateBegun, gate));
                Assert.False(lateBegun.IsSet);
                Cancel(cancelled);
                Assert.True(lateBegun.Wait(Long));
                OkdokException e = await Assert.ThrowsAsync<OkdokException>(() => late);
                Assert.InRange(watch.Elapsed.TotalSeconds, 4.9, 30);
                Assert.Equal(OkdokStatus.TimedOut, e.Status);
                Assert.Equal(1, e.Attempts);
                Assert.True(e.OutcomeUnknown);
                Assert.InRange(e.Elapsed.TotalSeconds, 4.9, 30);
                Assert.All(calls, call => Assert.True(call.IsCanceled));
                gate.Set();
            }

            void Signal(ManualResetEventSlim begun, ManualResetEventSlim gate)
            {
                begun.Set();
                gate.Wait();
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task One_that_never_got_a_thread_was_not_sent()
        {
            CallQueue queue = new CallQueue(CallThreads.Shared, TimeSpan.FromMilliseconds(50));
            using (ManualResetEventSlim gate = new ManualResetEventSlim())
            using (CountdownEvent begun = new CountdownEvent(CallQueue.Places))
            {
                List<Task<Deletion>> calls = Begin(queue, CallQueue.Places, begun, gate, CancellationToken.None);
                begun.Wait();
                bool ran = false;
                OkdokException e = await Assert.ThrowsAsync<OkdokException>(() => Run(queue, () => ran = true));
                Assert.Equal(OkdokStatus.TimedOut, e.Status);
                Assert.Equal(0, e.Attempts);
                Assert.False(e.OutcomeUnknown);
                gate.Set();
                await Task.WhenAll(calls);
                Assert.False(ran);
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task Threads_left_behind_are_capped()
        {
            CallQueue queue = new CallQueue(CallThreads.Shared, Long);
            using (ManualResetEventSlim gate = new ManualResetEventSlim())
            {
                for (int round = 0; round < CallQueue.MostThreads / CallQueue.Places; round++)
                {
                    using (CountdownEvent begun = new CountdownEvent(CallQueue.Places))
                    using (CancellationTokenSource cancelled = new CancellationTokenSource())
                    {
                        List<Task<Deletion>> calls = Begin(queue, CallQueue.Places, begun, gate, cancelled.Token);
                        begun.Wait();
                        Cancel(cancelled);
                        Assert.All(calls, call => Assert.True(call.IsCanceled));
                    }
                }

                OkdokException e = await Assert.ThrowsAsync<OkdokException>(() => Run(queue, () => { }));
                Assert.Equal(OkdokStatus.NoResources, e.Status);
                Assert.Equal(0, e.Attempts);
                Assert.False(e.OutcomeUnknown);

                // The calls of another client are not affected.
                Assert.Equal("id", (await Run(new CallQueue(CallThreads.Shared, Long), () => { })).Id);
                gate.Set();
            }
        }

        [Fact(Timeout = 60_000)]
        public async Task Whatever_is_cancelled_when_every_place_comes_back()
        {
            CallQueue queue = new CallQueue(CallThreads.Shared, TimeSpan.FromMilliseconds(200));
            int settled = 0;
            List<Task> tasks = new List<Task>();
            for (int i = 0; i < 3_000; i++)
            {
                using (CancellationTokenSource source = new CancellationTokenSource())
                {
                    int spins = i * 7_919 % 20_000;
                    Task<Deletion> task = queue.Run(
                        () =>
                        {
                            Thread.SpinWait(spins);
                            return new Deletion("id");
                        },
                        () => Interlocked.Increment(ref settled),
                        source.Token);
                    tasks.Add(task.ContinueWith(_ => { }, TaskScheduler.Default));
                    if (i % 2 == 0)
                    {
                        Cancel(source);
                    }
                }
            }

            await Task.WhenAll(tasks);

            // Until their threads come to them, those that were cancelled count towards the limit.
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref settled) == 3_000, Long));
            using (CountdownEvent all = new CountdownEvent(CallQueue.Places))
            {
                // Each waits for all others, so all run at once.
                await Task.WhenAll(Enumerable.Range(0, CallQueue.Places).Select(_ => Run(queue, () =>
                {
                    all.Signal();
                    all.Wait();
                })));
            }

            Assert.Equal(3_000, Volatile.Read(ref settled));
        }

        private static Task<Deletion> Run(CallQueue queue, Action work, CancellationToken cancellationToken = default) => queue.Run(
            () =>
            {
                work();
                return new Deletion("id");
            },
            () => { },
            cancellationToken);

        private static List<Task<Deletion>> Begin(CallQueue queue, int calls, CountdownEvent begun, ManualResetEventSlim gate, CancellationToken token) =>
            Enumerable.Range(0, calls).Select(_ => Run(
                queue,
                () =>
                {
                    begun.Signal();
                    gate.Wait(CancellationToken.None);
                },
                token)).ToList();

        private static int Dig(int depth) => depth == 0 ? throw new OkdokException(OkdokStatus.Internal, "deep") : Dig(depth - 1) + 1;

        private static void Cancel(CancellationTokenSource source) => source.Cancel();
    }
}
