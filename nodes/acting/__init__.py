"""How an agent that chooses its own actions is kept under the same terms as a plan."""
