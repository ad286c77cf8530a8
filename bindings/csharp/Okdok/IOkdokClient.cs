using System;
using System.Threading;
using System.Threading.Tasks;

namespace Okdok
{
    /// <summary>Deletes signature requests of one OKdokument account. <see cref="OkdokClient"/> implements it; tests of your own code may use another implementation.</summary>
    public interface IOkdokClient : IDisposable
    {
        /// <inheritdoc cref="OkdokClient.DeleteSignatureRequest(string)"/>
        Deletion DeleteSignatureRequest(string id);

        /// <inheritdoc cref="OkdokClient.DeleteSignatureRequestAsync(string, CancellationToken)"/>
        Task<Deletion> DeleteSignatureRequestAsync(string id, CancellationToken cancellationToken = default);
    }
}
