using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Threading;
using System.Threading.Tasks;

namespace Okdok
{
    // The awaited calls of one client. With one queue for all clients, a single dead host would delay all of them.
    internal sealed class CallQueue
    {
        // The number of calls that may run at once, not counting those that nobody waits for any more.
        internal const int Places = 256;

        // Includes the threads of calls that were cancelled or timed out: such a call runs until the library ends it.
        internal const int MostThreads = 1_024;

        private readonly CallThreads threads;
        private readonly TimeSpan timeout;
        private readonly LinkedList<Call> waiting = new LinkedList<Call>();
        private int running;
        private int busy;

        internal CallQueue(CallThreads threads, TimeSpan timeout)
        {
            this.threads = threads;
            this.timeout = timeout;
        }

        // For every task returned, `settled` is called once, after `work` or instead of it.
        internal Task<Deletion> Run(Func<Deletion> work, Action settled, CancellationToken cancellationToken)
        {
            Call call = new Call(work, settled);
            call.Cancellation = cancellationToken.Register(() => Leave(call, () => call.Result.TrySetCanceled(cancellationToken)));
            bool begins = false;
            bool refused;
            bool cancelled;
            lock (waiting)
            {
                cancelled = call.Ended;
                refused = !cancelled && busy >= MostThreads;
                if (refused)
                {
                    call.Ended = true;
                }
                else if (!cancelled && running < Places && waiting.Count == 0)
                {
                    Take(call);
                    begins = true;
                }
                else if (!cancelled)
                {
                    waiting.AddLast(call.Node);
                    StartClock(call);
                }
            }

            if (begins)
            {
                Start(call);
            }

            if (refused)
            {
                call.Result.TrySetException(NoThread(MostThreads + " calls of this client that were cancelled or timed out are still under way"));
            }

            if (refused || cancelled)
            {
                call.Close();
            }

            return call.Result.Task;
        }

        private static OkdokException NoThread(string why) => new OkdokException(
            OkdokStatus.NoResources, "there is no thread for this call, so nothing was sent: " + why, outcomeUnknown: false);

        // The caller of the next three methods holds the lock.
        private void Take(Call call)
        {
            call.Running = true;
            running++;
            busy++;
        }

        private bool Next([MaybeNullWhen(false)] out Call next)
        {
            var first = waiting.First;
            if (first == null || running >= Places || busy >= MostThreads)
            {
                next = null;
                return false;
            }

            waiting.Remove(first);
            next = first.Value;
            Take(next);
            return true;
        }

        // Only for calls that wait: one that starts at once ends by itself in time.
        private void StartClock(Call call)
        {
            if (!call.Clocked)
            {
                call.Clocked = true;
                call.Clock = new Timer(_ => Leave(call, () => call.Result.TrySetException(call.TimedOut(timeout))), null, timeout, Timeout.InfiniteTimeSpan);
            }
        }

        private void Start(Call call)
        {
            try
            {
                threads.Run(() => Work(call));
            }
            catch (OutOfMemoryException e)
            {
                bool last;
                lock (waiting)
                {
                    busy--;
                    last = call.Ended;
                    if (!last)
                    {
                        running--;
                        call.Running = false;
                        last = busy == 0;
                        call.Ended = last;
                    }

                    if (!last)
                    {
                        // A thread that is running will take it.
                        waiting.AddFirst(call.Node);
                        StartClock(call);
                    }
                }

                if (last)
                {
                    call.Result.TrySetException(NoThread(e.Message));
                    call.Close();
                }
            }
        }

        private void Work(Call call)
        {
            bool more = true;
            while (more)
            {
                Call done = call;
                lock (waiting)
                {
                    done.Begun = !done.Ended && !done.IsLate(timeout);
                }

                Action report = done.Make(timeout);
                bool heard;
                lock (waiting)
                {
                    busy--;
                    heard = !done.Ended;
                    if (heard)
                    {
                        done.Ended = true;
                        running--;
                    }

                    more = Next(out var next);
                    call = next ?? done;
                }

                if (heard)
                {
                    report();
                }

                done.Close();
            }
        }

        // Ends the call for its caller, with `outcome`, and frees its place. The native call, if under way, runs on unobserved.
        private void Leave(Call call, Func<bool> outcome)
        {
            bool wasRunning;
            bool wasWaiting;
            bool more = false;
            var next = call;
            lock (waiting)
            {
                if (call.Ended)
                {
                    return;
                }

                call.Ended = true;
                wasRunning = call.Running;
                wasWaiting = !wasRunning && call.Node.List != null;
                if (wasRunning)
                {
                    running--;
                    more = Next(out next);
                }
                else if (wasWaiting)
                {
                    waiting.Remove(call.Node);
                }
            }

            outcome();
            if (wasWaiting)
            {
                call.Close();
            }

            if (more && next != null)
            {
                Start(next);
            }
        }

        private sealed class Call
        {
            internal readonly TaskCompletionSource<Deletion> Result = new TaskCompletionSource<Deletion>(TaskCreationOptions.RunContinuationsAsynchronously);
            internal readonly LinkedListNode<Call> Node;
            internal CancellationTokenRegistration Cancellation;
            internal IDisposable Clock;
            internal bool Clocked;

            // Whether it has a place, its work has begun, and its caller has the outcome. Guarded by the lock.
            internal bool Running;
            internal bool Begun;
            internal bool Ended;

            private static readonly IDisposable None = new CancellationTokenRegistration();

            private readonly Stopwatch age = Stopwatch.StartNew();
            private readonly Func<Deletion> work;
            private readonly Action settled;

            internal Call(Func<Deletion> work, Action settled)
            {
                this.work = work;
                this.settled = settled;
                Node = new LinkedListNode<Call>(this);
                Clock = None;
            }

            // Timers may fire late.
            internal bool IsLate(TimeSpan timeout) => Clocked && age.Elapsed >= timeout;

            internal Action Make(TimeSpan timeout)
            {
                try
                {
                    Deletion deletion = Begun ? work() : throw TimedOut(timeout);
                    return () => Result.TrySetResult(deletion);
                }
#pragma warning disable CA1031 // Any exception goes to the awaiting task.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    return () => Result.TrySetException(e);
                }
            }

            internal OkdokException TimedOut(TimeSpan timeout) => new OkdokException(
                OkdokStatus.TimedOut,
                Begun
                    ? "the deadline passed (" + timeout + "); the call had to wait for " + Places + " others of this client, and may still delete the signature request"
                    : "the deadline passed (" + timeout + ") while " + Places + " other calls of this client ran; nothing was sent. Await fewer calls at once",
                attempts: Begun ? 1 : 0,
                outcomeUnknown: Begun,
                elapsed: age.Elapsed);

            internal void Close()
            {
                Cancellation.Dispose();
                Clock.Dispose();
                settled();
            }
        }
    }
}
