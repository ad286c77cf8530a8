using System;
using System.Collections.Generic;
using System.Threading;

namespace Okdok
{
    // Threads for blocking calls. The thread pool grows by one or two a second, so a burst of calls would have to wait for it, and would delay all other work.
    internal sealed class CallThreads
    {
        internal static readonly CallThreads Shared = new CallThreads(TimeSpan.FromSeconds(5));

        // Small, since there may be hundreds of threads; but 32 KiB are not enough to throw a managed exception.
        private const int Stack = 256 * 1024;

        private static readonly Action Nothing = () => { };

        private readonly Queue<Action> queued = new Queue<Action>();
        private readonly TimeSpan idle;
        private int waiting;

        internal CallThreads(TimeSpan idle) => this.idle = idle;

        // Throws an OutOfMemoryException if no thread could be started; `job` will then not run.
        internal void Run(Action job)
        {
            lock (queued)
            {
                if (waiting <= queued.Count)
                {
                    Start();
                }

                queued.Enqueue(job);
                Monitor.Pulse(queued);
            }
        }

        // Without the execution context: the thread must not keep the caller's AsyncLocal values alive.
        private void Start()
        {
            Thread thread = new Thread(Work, Stack) { IsBackground = true, Name = "okdok call" };
#if NET8_0_OR_GREATER
            thread.UnsafeStart();
#else
            if (ExecutionContext.IsFlowSuppressed())
            {
                thread.Start();
                return;
            }

            using (ExecutionContext.SuppressFlow())
            {
                thread.Start();
            }
#endif
        }

        private void Work()
        {
            while (Next(out Action job))
            {
                job();
            }
        }

        private bool Next(out Action job)
        {
            // An idle thread must not keep its last client alive.
            job = Nothing;
            lock (queued)
            {
                while (queued.Count == 0)
                {
                    waiting++;
                    bool woken = Monitor.Wait(queued, idle);
                    waiting--;
                    if (!woken && queued.Count == 0)
                    {
                        return false;
                    }
                }

                job = queued.Dequeue();
                return true;
            }
        }
    }
}
