using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Xunit;

namespace Okdok.Tests
{
    // 64 threads, most of them with one client.
    [Collection(Alone.Name)]
    public sealed class ThreadTests
    {
        [Fact]
        public async Task Each_deletes_its_own()
        {
            using (OkdokClient client = Sandbox.Client())
            {
                await OnThreads(_ =>
                {
                    for (int i = 0; i < 10; i++)
                    {
                        string id = Sandbox.NewId();
                        Assert.Equal(id, client.DeleteSignatureRequest(id).Id);
                        OkdokException e = Assert.Throws<OkdokException>(() => client.DeleteSignatureRequest(id));
                        Assert.Equal(OkdokStatus.NotFound, e.Status);
                        Assert.Equal(id, e.ServiceValue);
                    }
                });
            }
        }

        [Fact]
        public async Task All_delete_the_same_and_one_succeeds()
        {
            string id = Sandbox.NewId();
            int deleted = 0;
            using (OkdokClient client = Sandbox.Client())
            {
                await OnThreads(_ =>
                {
                    try
                    {
                        client.DeleteSignatureRequest(id);
                        Interlocked.Increment(ref deleted);
                    }
                    catch (OkdokException e) when (e.Status == OkdokStatus.NotFound)
                    {
                        // Another thread was first.
                    }
                });
            }

            Assert.Equal(1, deleted);
        }

        [Fact]
        public async Task A_thousand_clients_are_called_side_by_side()
        {
            OkdokClient[] clients = Enumerable.Range(0, 1_000).Select(_ => Sandbox.Client()).ToArray();
            await OnThreads(thread =>
            {
                for (int i = thread; i < clients.Length; i += 64)
                {
                    string id = Sandbox.NewId();
                    Assert.Equal(id, clients[i].DeleteSignatureRequest(id).Id);
                    clients[i].Dispose();
                    Assert.Throws<ObjectDisposedException>(() => clients[i].DeleteSignatureRequest(id));
                }
            });
        }

        [Fact]
        public async Task A_key_is_rotated_without_a_failed_call()
        {
            // Not disposed: the finalizer frees each client once nobody can call it any more.
            OkdokClient current = Sandbox.Client();
            await OnThreads(thread =>
            {
                for (int i = 0; i < 20; i++)
                {
                    if (thread == 0)
                    {
                        Volatile.Write(ref current, Sandbox.Client());
                        GC.Collect();
                    }

                    string id = Sandbox.NewId();
                    Assert.Equal(id, Volatile.Read(ref current).DeleteSignatureRequest(id).Id);
                }
            });
        }

        private static Task OnThreads(Action<int> work) => Task.WhenAll(Enumerable.Range(0, 64).Select(thread => Task.Factory.StartNew(
            () => work(thread), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }
}
