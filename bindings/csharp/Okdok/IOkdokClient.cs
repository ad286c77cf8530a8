using System;
using System.Threading;
using System.Threading.Tasks;

namespace Okdok
{
    /// <summary>Deletes signature requests of one OKdokument account. <see cref="OkdokClient"/> does; tests of a program's own code may bring another.</summary>
    public interface IOkdokClient : IDisposable
    {
        /// <inheritdoc cref="OkdokClient.DeleteSignatureRequest(string)"/>
        Deletion DeleteSignatureRequest(string id);

        /// <inheritdoc cref="OkdokClient.DeleteSignatureRequestAsync(string, CancellationToken)"/>
        Task<Deletion> DeleteSignatureRequestAsync(string id, CancellationToken cancellationToken = default);
    }
}
